"""What helps those who come to use or to help names only what exists."""

import json
import re
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from constraints import PROJECT, ROOT

from rigid_depth.book.publishing.address import report_url

CALLING_MAKE = ["CONTRIBUTING.md", ".devcontainer/Dockerfile", ".pre-commit-config.yaml"]
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))


def text(name: str) -> str:
    return (ROOT / name).read_text()


@pytest.mark.parametrize("name", CALLING_MAKE)
def test_every_target_of_make_exists(name):
    called = set(re.findall(r"\bmake ([a-z-]+)(?=[\s`;,]|$)", text(name), re.M))
    assert called
    assert called <= TARGETS | {"git"}  # `apt-get install make git`


def test_every_path_exists():
    named = re.findall(r"`((?:[\w.-]+/)*[\w.-]+/?[\w.*-]*)`", text("CONTRIBUTING.md"))
    paths = [name for name in named if "/" in name or re.search(r"\.(md|toml|yaml)$", name)]
    paths = [name for name in paths if not name.startswith("_build/")]  # made by a command
    assert len(paths) >= 8
    for path in paths:
        assert list(ROOT.glob(path.rstrip("/"))), path


def test_the_hooks_run_the_ruff_of_make_lint():
    (repository,) = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    assert repository["repo"] == "local"  # the version is that of pyproject.toml, nowhere else
    linting = text("Makefile").partition("\nlint:")[2].partition("\n\n")[0]
    for hook in repository["hooks"]:
        program, *command = hook["entry"].split()
        assert program == ".venv/bin/python"
        command = " ".join(command).removesuffix(" --force-exclude")
        assert f"$(PY) {command}" in linting, command
    assert any(pin.startswith("ruff==") for pin in PROJECT["optional-dependencies"]["test"])


def test_the_container_makes_the_environment_by_make():
    folder = ROOT / ".devcontainer"
    settings = json.loads((folder / "devcontainer.json").read_text())
    assert (folder / settings["build"]["dockerfile"]).is_file()
    assert (folder / settings["build"]["context"]).resolve() == ROOT
    assert settings["postCreateCommand"].removeprefix("make ") in TARGETS
    packages = re.search(r"sudo apt install (.*)", text("README.md"))[1].split()
    assert set(packages) <= set(text(".devcontainer/Dockerfile").split())


def test_binder_installs_the_package_with_the_pins():
    lines = text("binder/requirements.txt").splitlines()
    assert "-c ../constraints.txt" in lines  # relative to the file, as pip reads it
    assert "-e .[book]" in lines  # relative to the root, where repo2docker runs pip
    assert "book" in PROJECT["optional-dependencies"]
    index = re.search(r'^CPU_INDEX = "(.*)"', text("workflow/environment.py"), re.M)[1]
    assert f"--extra-index-url {index}" in lines
    assert text("binder/runtime.txt").strip() == "python-3.11"


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_has_what_github_asks_of_it(path):
    form = yaml.safe_load(path.read_text())
    assert {"name", "description", "body"} <= set(form)
    identities = [part["id"] for part in form["body"]]
    assert len(identities) == len(set(identities))
    for part in form["body"]:
        assert part["type"] in ("input", "textarea", "dropdown", "checkboxes")
        assert part["attributes"]["label"]


def test_there_is_a_form_for_an_erratum():
    assert "erratum" in {path.stem for path in FORMS}


def test_the_newest_version_of_the_changes_is_that_of_package_and_citation():
    versions = re.findall(r"^## ([\d.]+) - (\d{4}-\d\d-\d\d)$", text("CHANGELOG.md"), re.M)
    citation = yaml.safe_load(text("CITATION.cff"))
    assert versions[0] == (citation["version"], str(citation["date-released"]))
    assert PROJECT["version"] == citation["version"]


def test_the_citation_file_has_what_its_schema_demands():
    citation = yaml.safe_load(text("CITATION.cff"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["type"] in ("software", "dataset")
    for work in (citation, *citation["references"]):
        for person in work["authors"]:
            assert set(person) <= {"name", "family-names", "given-names"}
    assert {"type", "title", "authors"} <= set.intersection(*map(set, citation["references"]))


def test_the_link_of_a_page_opens_the_form_and_fills_its_fields():
    url = urlsplit(
        report_url("https://example.org/o/r", "notebooks/02_background", "2 Sights & sounds")
    )
    asked = dict(parse_qsl(url.query))
    form = yaml.safe_load(text(f".github/ISSUE_TEMPLATE/{asked.pop('template')}"))
    assert url.path == "/o/r/issues/new"
    assert asked["title"] == form["title"] + "2 Sights & sounds"
    assert asked["place"] == "notebooks/02_background"
    assert set(asked) <= {"title", *(field["id"] for field in form["body"])}
