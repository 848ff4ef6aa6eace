"""``binauthz doctor``: every setting in force and where it came from; a setting that is none stops the start."""

import json
from pathlib import Path

import pytest

from tests.cli.running import Shell, clean_environment, serving

pytestmark = pytest.mark.servers

TEXT = """\
[quotas]
attestors_per_project = 7

[log]
retention_days = 30

[[oidc]]
issuer = "https://login.example.com"
audiences = ["binauthz"]
"""


def test_each_setting_names_its_origin(tmp_path: Path) -> None:
    directory = tmp_path / "dir"
    directory.mkdir()
    file = directory / "binauthz.toml"
    file.write_text(TEXT)
    env = {**clean_environment(tmp_path), "BINAUTHZ_QUOTAS_READS_PER_MINUTE": "5000"}
    with serving(directory, env, "--project", "my-project"):
        checks = json.loads(Shell({**env, "BINAUTHZ_DIR": str(directory)})("doctor", "--format", "json").ok().out)
    said = {each["check"]: each["detail"] for each in checks}
    assert said["quotas.attestors_per_project"] == f"7 (from {file})"
    assert said["quotas.reads_per_minute"] == "5000 (from BINAUTHZ_QUOTAS_READS_PER_MINUTE)"
    assert said["quotas.keys_per_attestor"] == "1000 (the default)"
    assert said["server.project"] == "my-project (from --project)"
    assert said["log.retention_days"] == f"30 (from {file})"
    assert said["oidc"] == f"1 configured (from {file})"


@pytest.mark.parametrize("verb", ["up", "serve"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[quotas]\nsurprise = 1\n", "`surprise`"),
        ('[[oidc]]\nissuer = "http://login.example.com"\naudiences = ["a"]\n', "not https"),
        ('[[oidc]]\nissuer = "https://a.example.com"\naudiences = []\n', "audiences"),
        ('[[oidc]]\nissuer = "https://a.example.com"\naudiences = ["a"]\nalgorithms = ["none"]\n', "none"),
        ('[[oidc]]\nissuer = "https://a.example.com"\naudiences = ["a"]\nalgorithms = ["HS256"]\n', "HS256"),
        ('[[oidc]]\nissuer = "https://a.example.com"\naudiences = ["a"]\nca_file = "/nowhere"\n', "/nowhere"),
        ('[[oidc]]\nissuer = "https://a.b"\naudiences = ["a"]\n' * 2, "twice"),
        ('[[oidc]]\nissuer = "https://a.b"\naudiences = ["a"]\nprincipal_prefix = "group:"\n', "principal_prefix"),
    ],
)
def test_a_setting_that_is_none_stops_the_start(shell: Shell, tmp_path: Path, verb: str, text: str, said: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(text)
    result = shell(verb, "--port", "0", "--dir", str(tmp_path / "dir"), "--config", str(file))
    assert (result.code, result.out) == (1, "")
    assert str(file) in result.err
    assert said in result.err


@pytest.mark.parametrize(
    ("verb", "variable"), [("up", "BINAUTHZ_SERVER_HOST"), ("serve", "BINAUTHZ_LOCAL_CLUSTER_FAIL_CLOSED")]
)
def test_a_setting_that_a_verb_cannot_follow_is_refused(shell: Shell, verb: str, variable: str) -> None:
    result = shell(verb, "--port", "0", **{variable: "true"})
    assert (result.code, variable in result.err) == (1, True)
