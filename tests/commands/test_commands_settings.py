"""Where a setting comes from: flag, environment, project file, user file; before or after."""

from __future__ import annotations

from pathlib import Path

import pytest
from front_desk import Desk


def sources(desk: Desk, *words: str, **variables: str) -> dict[str, tuple[str, str]]:
    """Return each setting's value and source."""
    shown = desk("config", "show", "--json", *words, check=True, **variables).json
    return {row["setting"]: (row["value"], row["source"]) for row in shown}


def test_a_flag_beats_the_environment_the_project_and_the_user(desk: Desk) -> None:
    user = Path(desk.process.variables["XDG_CONFIG_HOME"]) / "bookra" / "config.toml"
    project = desk.process.folder / "bookra.toml"
    none = {"BOOKRA_TENANT": ""}
    user.parent.mkdir(parents=True)
    user.write_text('tenant = "from-user"\noutput = "csv"\n', "utf-8")
    assert sources(desk, **none)["tenant"] == ("from-user", str(user))
    project.write_text('tenant = "from-project"\n', "utf-8")
    assert sources(desk, **none)["tenant"] == ("from-project", str(project))
    assert sources(desk)["tenant"] == ("luna", "environment")
    assert sources(desk, "--tenant", "from-flag")["tenant"] == ("from-flag", "flag")
    assert sources(desk)["output"] == ("csv", str(user))
    assert desk("staff", "list").stdout.startswith("slug,name,")


def test_the_business_of_the_flag_is_the_one_that_is_worked_in(desk: Desk) -> None:
    assert desk("tenant", "show", "--json").json["slug"] == "luna"
    refused = desk("tenant", "show", "--tenant", "sol", "--json")
    assert (refused.code, refused.error["code"]) == (3, "unknown_tenant")


@pytest.mark.parametrize(
    "words",
    [
        ("--tenant", "luna", "--json", "staff", "list"),
        ("staff", "--tenant", "luna", "list", "--json"),
        ("staff", "list", "-t", "luna", "--output", "json"),
        ("--output=json", "staff", "list", "--tenant=luna"),
    ],
)
def test_global_options_stand_before_or_after_the_command(
    front: Desk, words: tuple[str, ...]
) -> None:
    ran = front(*words, BOOKRA_TENANT="")
    assert ran.code == 0, ran.stderr
    assert [person["slug"] for person in ran.json] == ["ana", "ben"]


def test_without_a_business_the_way_to_name_one_is_told(desk: Desk) -> None:
    ran = desk("day", BOOKRA_TENANT="")
    assert ran.code == 2
    assert "bookra use" in ran.stderr


def test_a_business_that_was_remembered_need_not_be_named(desk: Desk) -> None:
    desk("use", "luna", check=True, BOOKRA_TENANT="")
    assert desk("tenant", "show", "--json", BOOKRA_TENANT="").json["slug"] == "luna"


def test_a_password_in_the_url_is_not_shown(desk: Desk) -> None:
    url = "postgresql://ana:s3cret%40x@db.example:5432/bookra"
    for words in ((), ("--json",), ("--output", "csv")):
        ran = desk("config", "show", *words, BOOKRA_DATABASE_URL=url)
        assert "db.example" in ran.stdout
        assert "s3cret" not in ran.stdout


def test_a_settings_file_that_is_broken_is_named(desk: Desk) -> None:
    broken = desk.process.folder / "bookra.toml"
    broken.write_text("tenant = luna", "utf-8")
    ran = desk("day", "--json")
    assert (ran.code, ran.error["code"]) == (6, "bad_settings")
    assert str(broken) in ran.error["message"]


def test_a_word_after_two_dashes_is_no_option(front: Desk) -> None:
    ran = front("customer", "show", "--", "--json")
    assert (ran.code, ran.stderr.split(":")[0]) == (3, "unknown_customer")


PROFILES = """\
output = "csv"
tenant = "sol"

[keys]
"booking.new" = "b"

[profiles.mine]
tenant = "luna" # of the profile

[profiles."my-other"]
database = "other"
"""


def test_a_profile_stands_right_behind_what_names_it(desk: Desk) -> None:
    user = Path(desk.process.variables["XDG_CONFIG_HOME"]) / "bookra" / "config.toml"
    project = desk.process.folder / "bookra.toml"
    user.parent.mkdir(parents=True)
    user.write_text(PROFILES, "utf-8")
    project.write_text('tenant = "from-project"\n', "utf-8")
    profile = ("luna", f"profile mine in {user}")
    none = {"BOOKRA_TENANT": ""}
    assert sources(desk, "--profile", "mine", "-t", "from-flag")["tenant"] == ("from-flag", "flag")
    assert sources(desk, "--profile", "mine")["tenant"] == profile
    assert sources(desk, BOOKRA_PROFILE="mine")["tenant"] == ("luna", "environment")
    assert sources(desk, BOOKRA_PROFILE="mine", **none)["tenant"] == profile
    project.write_text('tenant = "from-project"\nprofile = "mine"\n', "utf-8")
    assert sources(desk, **none)["tenant"] == ("from-project", str(project))
    project.write_text('profile = "mine"\n', "utf-8")
    assert sources(desk, **none)["tenant"] == profile
    project.unlink()
    user.write_text('profile = "mine"\n' + PROFILES, "utf-8")
    shown = sources(desk, **none)
    assert shown["tenant"] == profile
    assert shown["output"] == ("csv", str(user))
    assert shown["profile"] == ("mine", str(user))
    listed = desk("config", "profiles", "--json", check=True).json
    assert [(row["profile"], row["in_force"]) for row in listed] == [
        ("mine", True),
        ("my-other", False),
    ]
    assert listed[1]["settings"] == {"database": "other"}


def test_a_business_is_remembered_in_the_profile_alone(desk: Desk) -> None:
    user = Path(desk.process.variables["XDG_CONFIG_HOME"]) / "bookra" / "config.toml"
    user.parent.mkdir(parents=True)
    user.write_text(PROFILES, "utf-8")
    none = {"BOOKRA_TENANT": ""}
    desk("use", "luna", "--profile", "my-other", check=True)
    assert sources(desk, "--profile", "my-other", **none)["tenant"][0] == "luna"
    assert sources(desk, **none)["tenant"] == ("sol", str(user))
    desk("use", "luna", check=True)
    assert sources(desk, **none)["tenant"] == ("luna", str(user))
    text = user.read_text("utf-8")
    assert '[profiles.mine]\ntenant = "luna" # of the profile\n' in text
    assert '"booking.new" = "b"' in text


def test_a_profile_that_is_not_there_is_refused_with_those_that_are(desk: Desk) -> None:
    user = Path(desk.process.variables["XDG_CONFIG_HOME"]) / "bookra" / "config.toml"
    user.parent.mkdir(parents=True)
    user.write_text(PROFILES, "utf-8")
    refused = desk("config", "show", "--profile", "prod", "--json")
    assert (refused.code, refused.error["code"]) == (3, "unknown_profile")
    assert refused.error["details"]["profiles"] == ["mine", "my-other"]
    bad = desk("config", "show", "--json", BOOKRA_REPLICA_LAG="soon")
    assert (bad.code, bad.error["code"]) == (6, "bad_settings")
