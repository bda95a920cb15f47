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
    assert bash(rest, "reboot now && hostname") == "bash: reboot: command not found\nbigip-1\n"
    assert bash(rest, "cat /etc/nothing") == "cat: /etc/nothing: No such file or directory\n"


def test_quotes_that_are_not_balanced_are_refused(rest):
    answer = rest.ask("POST", "util/bash", {"command": "run", "utilCmdArgs": '-c "df -k'})
    assert answer.status == 400
    assert "quotes are not balanced" in answer.message


def test_tmsh_runs_what_rest_offers_as_a_command(rest):
    assert bash(rest, "tmsh save sys config") is None
    assert bash(rest, "tmsh -q -c 'save sys config'") is None
    assert "Syntax Error" in bash(rest, "tmsh fly away home")
