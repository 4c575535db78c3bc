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
