"""Commands run as tasks (iControl REST reference, section 2, last paragraph)."""

TASKS = "/mgmt/tm/task"


def run(rest, path, **body):
    made = rest.post(f"{TASKS}/{path}", **body)
    link = made["selfLink"].removeprefix("https://localhost").partition("?")[0]
    started = rest.ask("PUT", link, {"_taskState": "VALIDATING"})
    assert started.status == 202
    rest.device.later.settle()
    return link


def test_a_task_is_made_started_polled_and_its_result_fetched(rest):
    made = rest.post(f"{TASKS}/util/bash", command="run", utilCmdArgs="-c 'hostname'")
    assert (made["_taskState"], made["utilCmdArgs"]) == ("STARTED", "-c 'hostname'")
    path = f"{TASKS}/util/bash/{made['_taskId']}"
    assert made["selfLink"] == f"https://localhost{path}?ver=15.1.8"
    assert rest.get(f"{path}/result")["_taskState"] == "STARTED"
    assert rest.ask("PUT", path, {"_taskState": "VALIDATING"}).status == 202
    rest.device.later.settle()
    assert rest.get(path)["_taskState"] == "COMPLETED"
    assert rest.get(f"{path}/result")["commandResult"] == "bigip-1\n"
    assert [t["_taskId"] for t in rest.get(f"{TASKS}/util/bash")["items"]] == [made["_taskId"]]
    assert rest.ask("GET", f"{TASKS}/sys/config/{made['_taskId']}").status == 404
    rest.delete(path)
    assert rest.ask("GET", path).status == 404


def test_a_task_that_fails_says_so(rest):
    link = run(rest, "util/bash", command="run", utilCmdArgs="-c 'hostname")
    assert rest.get(link)["_taskState"] == "FAILED"
    assert "quotes are not balanced" in rest.get(f"{link}/result")["message"]


def test_a_task_begins_once_and_only_as_it_should(rest):
    link = run(rest, "sys/config", command="save")
    assert rest.get(link)["_taskState"] == "COMPLETED"
    assert rest.ask("PUT", link, {"_taskState": "VALIDATING"}).status == 400
    made = rest.post(f"{TASKS}/sys/config", command="save")
    again = rest.ask("PUT", f"{TASKS}/sys/config/{made['_taskId']}", {"_taskState": "NOW"})
    assert again.message == 'invalid property value "_task-state":"NOW"'


def test_what_is_no_command_is_no_task(rest):
    assert rest.ask("POST", f"{TASKS}/sys/config", {"command": "fly"}).status == 404
    assert rest.ask("GET", f"{TASKS}/sys/nowhere").status == 404
    assert rest.ask("GET", f"{TASKS}/sys/config/7").status == 404
