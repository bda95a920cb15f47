"""Posted commands (iControl REST reference, sections 1.5, 2 and 3.11)."""

import pytest


def test_saving_is_answered_as_recorded(rest):
    assert rest.post("sys/config", command="save") == {
        "kind": "tm:sys:config:savestate",
        "command": "save",
    }
    some = rest.post("sys/config", command="save", options=[{"partitions": "{ T1 }"}])
    assert some["options"] == [{"partitions": "{ T1 }"}]


def test_the_shell_tells_the_version_and_how_long_it_has_run(rest):
    told = rest.post("util/bash", command="run", utilCmdArgs="-c 'cat /VERSION'")
    assert (told["kind"], told["utilCmdArgs"]) == ("tm:util:bash:runstate", "-c 'cat /VERSION'")
    lines = dict(line.split(": ") for line in told["commandResult"].splitlines())
    assert (lines["Product"], lines["Version"]) == ("BIG-IP", "15.1.8")
    rest.clock.now += 90
    told = rest.post("util/bash", command="run", utilCmdArgs="-c 'cat /proc/uptime'")
    assert told["commandResult"].split()[0] == "90.00"


@pytest.mark.parametrize("path", ["sys/config", "util/bash"])
def test_what_the_device_does_beside_its_configuration_is_not_part_of_a_transaction(rest, path):
    command = "save" if path == "sys/config" else "run"
    answer = rest.queue(rest.begin(), "POST", path, command=command)
    assert answer.status == 400


def test_a_command_that_is_not_simulated_says_so(rest):
    answer = rest.ask("POST", "sys/config", {"command": "fly"})
    assert (answer.status, answer.message) == (501, "bigip-sim does not simulate sys/config fly")


def bash(rest, line):
    return rest.post("util/bash", command="run", utilCmdArgs=f'-c "{line}"').get("commandResult")


def test_the_shell_tells_nothing_where_there_is_no_output(rest):
    assert bash(rest, "echo hello >> /var/tmp/test.txt; echo you >> /var/tmp/test.txt") is None
    assert bash(rest, "cat /var/tmp/test.txt") == "hello\nyou\n"
    assert rest.post("util/unix-ls", command="run", utilCmdArgs="/var/tmp")["commandResult"] == (
        "test.txt\n"
    )
    moved = rest.post("util/unix-mv", command="run", utilCmdArgs="/var/tmp/test.txt /var/tmp/new")
    assert "commandResult" not in moved
    assert bash(rest, "rm -f /var/tmp/new") is None
    assert bash(rest, "rm -f /var/tmp/new") is None
    told = rest.post("util/unix-rm", command="run", utilCmdArgs="/var/tmp/new")["commandResult"]
    assert told == "/bin/rm: cannot remove /var/tmp/new: No such file or directory\n"


def test_the_shell_does_not_know_everything(rest):
    assert bash(rest, "dance now ; hostname") == "bash: dance: command not found\nbigip-1\n"
    assert bash(rest, "cat /etc/nothing") == "cat: /etc/nothing: No such file or directory\n"


def test_quotes_that_are_not_balanced_are_refused(rest):
    answer = rest.ask("POST", "util/bash", {"command": "run", "utilCmdArgs": '-c "df -k'})
    assert answer.status == 400
    assert "quotes are not balanced" in answer.message


def test_tmsh_runs_what_rest_offers_as_a_command(rest):
    for line in ("tmsh save sys config", "tmsh -q -c 'save sys config'"):
        before = rest.device.saved.boot
        assert bash(rest, line).startswith("Saving running configuration...")
        assert rest.device.saved.boot is not before
    assert "running" in bash(rest, "tmsh show sys mcp-state")
    assert "Syntax Error" in bash(rest, "tmsh fly away home")


def test_what_one_program_writes_the_next_one_reads(rest):
    """f5-ansible takes any output at all for `still busy`."""
    assert bash(rest, "ps aux | grep '[m]prov'") is None
    assert "mcpd" in bash(rest, "ps aux | grep '[m]cpd' | grep -v /usr/libexec/qemu-kvm")
    assert "6" not in bash(rest, "runlevel")
    assert bash(rest, "/usr/bin/last reboot | head -1").startswith("reboot ")
    assert bash(rest, "cat /VERSION | grep -i ^version") == "Version: 15.1.8\n"
    assert bash(rest, "fly | cat") == "bash: fly: command not found\n"


def test_a_configuration_saved_by_name_is_loaded_by_name(rest):
    bash(rest, "tmsh save sys config file before.scf")
    rest.post("ltm/pool", name="p")
    bash(rest, "tmsh load sys config file before.scf")
    assert rest.ask("GET", "ltm/pool/p").status == 404
    bash(rest, "tmsh load sys config default")
    assert rest.ask("GET", "auth/partition/T1").status == 404


def test_a_line_goes_on_as_its_programs_end(rest):
    assert bash(rest, '[ -f "/VERSION" ] && echo 1 || echo 0') == "1\n"
    assert bash(rest, '[ -f "/shared/images/x.ucs" ] && echo 1 || echo 0') == "0\n"
    assert bash(rest, "test ! -d /shared/images || echo there") == "there\n"
    assert bash(rest, "dance now && hostname") == "bash: dance: command not found\n"
    assert bash(rest, "false || true && hostname") == "bigip-1\n"
    assert bash(rest, "ls /nothing 2> /dev/null || echo none") == "none\n"
    assert bash(rest, "echo a > /var/tmp/f ; wc -l < /var/tmp/f") == "1\n"


def test_an_archive_is_saved_where_a_path_says_and_found_there(rest):
    place = "/shared/images/mine.ucs"
    line = f"tmsh save /sys ucs {place} > {place}.log 2>&1 </dev/null &"
    assert bash(rest, line) is None
    assert bash(rest, f"ls {place}*") == f"{place}\n{place}.log\n"
    assert bash(rest, f"rm -f {place}* ; ls /shared/images") is None


def test_a_file_is_moved_into_a_directory(rest):
    rest.post("sys/ucs", command="save", name="mine")
    assert bash(rest, "mv /var/local/ucs/mine.ucs /shared/images") is None
    assert bash(rest, "ls /shared/images") == "mine.ucs\n"
    assert bash(rest, "tail -n 1 /var/log/ltm") is None
    assert "load average" in bash(rest, "uptime")


def test_tmsh_shows_the_version(rest):
    said = rest.post("util/bash", command="run", utilCmdArgs="-c 'tmsh show sys version'")
    assert "BIG-IP" in said["commandResult"]
    assert "Version   15.1.8" in said["commandResult"]


def test_a_virtual_address_that_keeps_silent_answers_no_ping(web):
    def received() -> str:
        run = {"command": "run", "utilCmdArgs": "-c 1 10.1.0.1"}
        return web.post("util/ping", **run)["commandResult"].partition("transmitted, ")[2][:1]

    assert received() == "1"
    for off, on in (({"icmpEcho": "disabled"}, {"icmpEcho": "enabled"}),
                    ({"enabled": "no"}, {"enabled": "yes"})):  # fmt: skip
        web.patch("ltm/virtual-address/~T1~10.1.0.1", **off)
        assert received() == "0"
        web.patch("ltm/virtual-address/~T1~10.1.0.1", **on)
    assert received() == "1"
