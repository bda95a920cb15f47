"""Migrations stand in one line: two that follow the same one leave a database without a newest."""

import re

from sources import python_files, text_of

VERSIONS = "src/bigip_lbaas/store/migrations/versions/"
_SAID = re.compile(r'^(down_revision|revision) = (?:"(.+)"|None)$', re.MULTILINE)


def test_each_migration_follows_the_one_before() -> None:
    names = sorted(name for name in python_files("src") if name.startswith(VERSIONS))
    names.remove(f"{VERSIONS}__init__.py")
    said = [dict(_SAID.findall(text_of(name))) for name in names]
    assert len(said) > 5
    revisions = [one["revision"] for one in said]
    assert revisions == [name.removeprefix(VERSIONS).removesuffix(".py") for name in names]
    assert [one["down_revision"] for one in said] == ["", *revisions[:-1]]
