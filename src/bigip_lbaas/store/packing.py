"""Packs JSON that is kept long and read seldom: a decision about ten groups fits into a kilobyte.

What is stored begins with the letter of its dictionary. A dictionary never changes, or what was
packed with it could not be read again; a new one gets a new letter.
"""

import base64
import zlib

LETTER = "a"
DICTIONARY = (
    b'"clientssl_profile_count":"cpu":"inbound_throughput":"memory":"new_connections_rate":"'
    b'outbound_throughput":"pool_member_count":"route_domain_count":"ssltps":"tunnel_count":'
    b'"virtual_server_count":"vlan_count":["Unplaced",{"load_balancer_id":"","because":"No c'
    b"apacity: No device group is open to it: Waiting for a device group: Waiting for the pr"
    b"oject's own device group: has no agent has no live agent (2 registered) does not offer"
    b" has no known score: no agent has sent a fresh report; group 1 is full, load_balancers"
    b' is at 1 of 1","may_wait":false,"opinions":[{"group":1,"score":1.0,"projection":1.015,'
    b'"binding_metric":"load_balancers","why_not":"does not offer is draining","is_projects_'
    b'own":true,"stage":"closed","note":""},{"headroom":0.95,"patience_s":60.0,"affinity_is_'
    b'hard":false,"expected_cost":{},"policy":"lowest-score","reopen_below":0.0}{"load_balan'
    b'cer_id":"","project_id":"","member_addresses":["10.0.0.1","192.168.0.1"],"demands":[],'
    b'"waited_s":0.0,"seed":0,"brings":{"clientssl_profile_count":0.0,"pool_member_count":2.'
    b'0,"route_domain_count":0.0,"tunnel_count":0.0,"virtual_server_count":1.0,"vlan_count":'
    b'0.0},"seen_costs":{"active_connections":10.0,"ssltps":1.0,"throughput":1000000.0}}["Pl'
    b'acement",{"load_balancer_id":"","group":4,"agent_id":"host-2:4","because":"Group 4 is '
    b"the project's own, at score 0., the lowest of its alone can take it, at score 0. has t"
    b"he lowest score of 2, 0.010; agent host-2:4 is the project's home there. is the only o"
    b'ne there that can. by dice among 2.","costs":{"active_connections":10.0,"node_count":1'
    b'.0,"tenant_count":1.0,"throughput":1000000.0},"opinions":[{"group":1,"score":0.01,"pro'
    b'jection":0.015,"binding_metric":"throughput","why_not":"is full, tenant_count is at (1'
    b' of them reserved) of ","is_projects_own":false,"stage":"full","note":""},{"group":2,"'
    b'score":0.01,"projection":0.015,"binding_metric":"tenant_count","why_not":null,"is_proj'
    b'ects_own":false,"stage":"within headroom","note":"has a higher score than group could '
    b'take it, but the project lives in group is as good as group 4; the dice decided"}]}]{"'
    b'environment":"Project","groups":[{"number":1,"agents":[{"id":"host-1:1","host":"host-1'
    b'","live":true,"admin_state_up":true,"report_is_fresh":true},{"id":"host-2:1","host":"h'
    b'ost-2","live":true,"admin_state_up":true,"report_is_fresh":true}],"draining":false,"we'
    b'ight":1.0,"score_is_known":true,"measured":{"active_connections":1.0,"node_count":1.0,'
    b'"tenant_count":1.0,"throughput":1.0},"limits":{"active_connections":250000.0,"node_cou'
    b'nt":2000.0,"tenant_count":200.0,"throughput":1000000000.0},"reserved":{"tenant_count":'
    b'1.0},"load_balancers":0,"project_lives_here":false,"project_home":null,"project_nodes"'
    b':[],"tags":[],"held":0,"max_load_balancers":null,"was_full":false,"unreadable":[]},{"n'
    b'umber":2,'
)


def packed(text: str) -> str:
    """Return the text, packed."""
    squeeze = zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, -15, 9, 0, DICTIONARY)
    data = squeeze.compress(text.encode()) + squeeze.flush()
    return LETTER + base64.b64encode(data).decode("ascii")


def unpacked(stored: str) -> str:
    """Return the text that was packed. Raises ValueError for what was not packed here."""
    if not stored.startswith(LETTER):
        raise ValueError(f"packed with dictionary {stored[:1]!r}, which this version does not know")
    stretch = zlib.decompressobj(-15, DICTIONARY)
    try:
        return (stretch.decompress(base64.b64decode(stored[1:])) + stretch.flush()).decode()
    except zlib.error as error:
        raise ValueError(f"cannot be unpacked: {error}") from error
