"""cxcurve.toml: defaults, and every problem with its line."""

import pytest

from cxcurve.model.settings import Settings, read_settings


@pytest.fixture
def read(tmp_path):
    def reading(text):
        path = tmp_path / "cxcurve.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        settings, problems = read_settings(path)
        return settings, [str(problem) for problem in problems]

    return reading


def test_all_of_it(read):
    text = 'name = "Acme"\nzone = "Europe/Berlin"\ncurrency = "EUR"\n[server]\nhost = "0.0.0.0"\nport = 80\n'
    assert read(text) == (Settings("Acme", "Europe/Berlin", "EUR", "0.0.0.0", 80), [])


def test_an_empty_file_has_the_defaults(read):
    assert read("") == (Settings("", "UTC", "USD", "127.0.0.1", 8765), [])


def test_every_problem_is_told_with_its_line_and_the_rest_is_kept(read):
    settings, problems = read('nmae = "x"\nzone = "Berlin"\ncurrency = "euro"\n[server]\nport = "80"\nhost = "h"\n')
    assert settings == Settings(host="h")
    assert problems == [
        'cxcurve.toml:1: key "nmae" is not known. Did you mean "name"?',
        'cxcurve.toml:2: zone: "Berlin" is no time zone. Did you mean "Europe/Berlin"?',
        'cxcurve.toml:3: currency: "euro" is no ISO 4217 code; expected three capital letters such as "EUR"',
        "cxcurve.toml:5: port: expected a number from 1 to 65535, found 80",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name = \n", "cxcurve.toml:1: this is no TOML: "),
        ('server = "here"\n', "cxcurve.toml:1: server: expected a table, written as [server]"),
        ("name = 3\n", "cxcurve.toml:1: name: expected text in quotes, found 3"),
        (b'name = "\xff"', "cxcurve.toml: the file is not UTF-8 text; save it as UTF-8 in your editor"),
        ('[server]\naddress = "https://x.example/a"\n', 'cxcurve.toml:2: address: "https://x.example/a" is no address'),
        ('[server]\naddress = "https://*.example"\n', 'cxcurve.toml:2: address: "https://*.example" is no address'),
        ('[server]\naddress = "javascript:x"\n', 'cxcurve.toml:2: address: "javascript:x" is no address'),
        ("[server]\nport = 70000\n", "cxcurve.toml:2: port: expected a number from 1 to 65535, found 70000"),
    ],
)
def test_one_problem(read, text, problem):
    _, problems = read(text)
    assert len(problems) == 1
    assert problems[0].startswith(problem)


def test_a_missing_file(tmp_path):
    settings, problems = read_settings(tmp_path / "cxcurve.toml")
    assert settings == Settings()
    assert str(problems[0]) == "cxcurve.toml: the file cannot be read: No such file or directory"


def test_sites_that_may_show_briefs(read):
    settings, problems = read('[embed]\nancestors = ["https://acme.zendesk.com", "https://*.example.com:8443"]\n')
    assert (settings.ancestors, problems) == (("https://acme.zendesk.com", "https://*.example.com:8443"), [])
    assert read("[embed]\n")[0].ancestors == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('embed = "here"', "cxcurve.toml:1: embed: expected a table, written as [embed]"),
        ("[embed]\nancestors = 3", 'ancestors: expected a list of sites, such as ["https://acme.zendesk.com"]'),
        ('[embed]\nancestor = ["https://a.b"]', 'key "ancestor" is not known. Did you mean "ancestors"?'),
        ('[embed]\nancestors = ["*"]', 'ancestors: "*" is no site'),
        ("[embed]\nancestors = [\"https://a.b; script-src 'unsafe-inline'\"]", "is no site"),
        ('[embed]\nancestors = ["https://a.b", "https://a.b https://c.d"]', "is no site"),
        ('[embed]\nancestors = ["https://a.b/path"]', "is no site"),
        ('[embed]\nancestors = ["javascript:alert(1)"]', "is no site"),
        ('[embed]\nancestors = ["https://a.b\\n"]', "is no site"),
        ("[embed]\nancestors = [3]", "is no site"),
    ],
)
def test_what_is_no_site_lets_nobody_in(read, text, said):
    settings, problems = read(text + "\n")
    assert settings.ancestors == ()
    assert len(problems) == 1
    assert said in problems[0]
