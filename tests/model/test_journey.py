"""journey.yaml: what is right is read with its defaults, what is wrong is told all at once, with the line."""

import textwrap

import pytest

from cxcurve.errors import Severity, UnknownNameError
from cxcurve.model import read_journey

GOOD = """\
journey: test
stages: [start, {name: grow, expected: 30d}]
exits: gone
defaults: {half_life: 7d, by: company}
signals:
  signup_completed: {stage: start, momentum: 0.5}
  value_reached: {stage: grow, after: signup_completed, half_life: 28d, by: customer}
  gone:
"""


@pytest.fixture
def read(tmp_path):
    def reading(text: str):
        path = tmp_path / "journey.yaml"
        path.write_text(textwrap.dedent(text))
        return read_journey(path)

    return reading


def messages(problems):
    return [str(problem) for problem in problems]


def test_signals_know_their_name_and_have_the_defaults(read):
    journey, problems = read(GOOD)
    assert problems == []
    assert journey.stage_names == ("start", "grow")
    assert journey.stage("grow").expected.days == 30
    assert journey.exits == ("gone",)
    signup, value = journey.signals["signup_completed"], journey.signals["value_reached"]
    assert (signup.name, signup.half_life.days, signup.by, signup.feedback) == (
        "signup_completed",
        7,
        "company",
        "inferred",
    )
    assert (value.half_life.days, value.by) == (28, "customer")
    assert journey.signals["gone"].half_life.days == 7


def test_an_unknown_stage_is_told(read):
    with pytest.raises(UnknownNameError, match=r'^stage "grwo" is not known\. Did you mean "grow"\?$'):
        read(GOOD)[0].stage("grwo")


def test_it_is_frozen_and_can_be_written_as_json(read):
    journey, _ = read(GOOD.replace("momentum: 0.5", 'momentum: 0.5, when: "value > 3"'))
    with pytest.raises(ValueError, match="frozen"):
        journey.journey = "other"
    assert journey.model_dump(mode="json")["signals"]["signup_completed"]["when"] == "value > 3"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            "exits: [gon]",
            '9: the journey exits on event "gon", which the tracking plan does not name. Did you mean "gone"?',
        ),
        (
            "time_to_value: {from: signup_done, to: value_reached}",
            '9: time to value starts on event "signup_done", which the tracking plan does not name.'
            ' Did you mean "signup_completed"?',
        ),
        (
            "time_to_value: {from: gone, to: worth_reached}",
            '9: time to value ends on event "worth_reached", which the tracking plan does not name.'
            ' Did you mean "value_reached"?',
        ),
        ("time_to_value: {from: gone, to: gone}", '9: time to value starts and ends on the same event "gone"'),
        ("time_to_value: {from: gone}", '9: time_to_value needs "to"'),
        ("stagess: []", '9: key "stagess" is not known. Did you mean "stages"?'),
        ("states: {stal: {}}", "9: state \"stal\": \"stal\" is none of 'stall', 'decline', 'silence' or 'open_issues'"),
        (
            "states: {stall: {stages: [star]}}",
            '9: state "stall" counts in stage "star", which is none of the stages. Did you mean "start"?',
        ),
        ("focus: [frictoin_index]", '9: focus: metric "frictoin_index" is not known. Did you mean "friction_index"?'),
        ("targets: {nr: 1}", '9: targets: metric "nr" is not known. Did you mean "nrr"?'),
        ("targets: {nrr: best}", '9: target "nrr": "best" is no target; expected a number or best_quarter'),
        (
            "targets: {open_issue: 3}",
            '9: target "open_issue": 3 is a bare number; a duration needs a unit: write "3d" (days)',
        ),
        ("targets: {nrr: [1]}", "9: targets, nrr: expected one value, found a list"),
        ("owners: {grwo: Ann}", '9: owners: metric "grwo" is not known. Known: friction_index,'),
        ("actions: [call]", "9: actions: expected keys with values, found a list"),
    ],
)
def test_one_wrong_line(read, line, problem):
    text = GOOD.replace("exits: gone\n", "") if line.startswith("exits") else GOOD
    expected = problem if text is GOOD else problem.replace("9:", "8:", 1)
    journey, problems = read(f"{text}{line}\n")
    assert journey is None
    assert [text[: len("journey.yaml:" + expected)] for text in messages(problems)] == [f"journey.yaml:{expected}"]


@pytest.mark.parametrize(
    ("signal", "problem"),
    [
        ("{stage: strt}", 'signal "x" leads to stage "strt", which is none of the stages. Did you mean "start"?'),
        (
            "{stage: start, after: signup_done}",
            'signal "x" counts only after event "signup_done", which the tracking plan does not name.'
            ' Did you mean "signup_completed"?',
        ),
        ("{stage: start, after: x}", 'signal "x" counts only after itself, so it never counts'),
        (
            "{until: gon}",
            'signal "x" ends with event "gon", which the tracking plan does not name. Did you mean "gone"?',
        ),
        ("{until: x}", 'signal "x" ends with itself; name the event that closes it'),
        ("{friction: -1}", 'signal "x", friction: -1 is out of range; expected at least 0'),
        ("{momentum: 11}", 'signal "x", momentum: 11 is out of range; expected at most 10'),
        ("{friction: heavy}", 'signal "x", friction: expected a number, found "heavy"'),
        ("{half_life: 14}", 'signal "x", half_life: 14 is a bare number; a duration needs a unit: write "14d" (days)'),
        ("{half_life: 400d}", 'signal "x": a half-life of 400d is outside 1d to 365d'),
        ("{half_life: 2h}", 'signal "x": a half-life of 2h is outside 1d to 365d'),
        ("{core: yes}", 'signal "x", core: expected true or false, found "yes"'),
        ("{frction: 1}", 'key "frction" of signal "x" is not known. Did you mean "friction"?'),
        ("{keep: newest}", "signal \"x\", keep: \"newest\" is none of 'all' or 'latest'"),
        ("[friction]", 'signal "x": expected keys with values, found a list'),
        ("{stage: start, when: value >}", 'signal "x", when: expression "value >", character 8: expected a column'),
        ("{stage: start, when: a > previous(a)}", 'signal "x" uses previous(), which only sources.yaml knows'),
        ("{stage: start, when: 3}", 'signal "x", when: expected text such as "value >= 4", found 3'),
        ('{valence: "value: 0..6=-2"}', 'signal "x", valence: valence -2 of band 0..6 is outside -1 to 1'),
    ],
)
def test_one_wrong_signal(read, signal, problem):
    journey, problems = read(f"{GOOD}  x: {signal}\n")
    assert journey is None
    errors = [str(found) for found in problems if found.severity is Severity.ERROR]
    assert [text[: len("journey.yaml:9: " + problem)] for text in errors] == [f"journey.yaml:9: {problem}"]


@pytest.mark.parametrize(
    ("signal", "problem"),
    [
        ('{when: "value > 3"}', 'signal "x" has `when` but no `stage`; it only decides about entering one'),
        ("{after: gone}", 'signal "x" has `after` but no `stage`; it only decides about entering one'),
        ("{valence_friction: 1}", 'signal "x" has valence_friction but no `valence` to weigh'),
        ('{valence: "value: 1=1"}', 'signal "x" has a valence that weighs nothing; give it valence_friction or'),
    ],
)
def test_what_changes_nothing_is_a_warning(read, signal, problem):
    journey, problems = read(f"{GOOD}  x: {signal}\n")
    assert journey is not None
    assert [found.severity for found in problems] == [Severity.WARNING]
    assert str(problems[0]).startswith(f"journey.yaml:9: {problem}")


def test_stages(read):
    _, problems = read("""\
        journey: test
        stages:
          - {name: start, bridge: {to: grwo}}
          - {name: grow, expected: 30, bridge: {to: start}}
          - start
          - lonely
        signals:
          a: {stage: start}
          b: {stage: grow}
    """)
    assert messages(problems) == [
        'journey.yaml:3: stage "start" has a bridge to "grwo", which is none of the stages. Did you mean "grow"?',
        'journey.yaml:4: stage "grow" has a bridge to "start", which does not come after it',
        'journey.yaml:4: stage "grow", expected: 30 is a bare number; a duration needs a unit:'
        ' write "30d" (days) or "30h" (hours)',
        'journey.yaml:5: stage "start" comes twice; give each stage its own name',
        'journey.yaml:6: no event leads to stage "lonely"; give an event `stage: lonely`',
    ]
    assert [problem.severity for problem in problems][-1] is Severity.WARNING


def test_everything_wrong_is_told_at_once_and_nothing_twice(read):
    _, problems = read("""\
        journey: test
        stages: [start, {label: nameless}]
        defaults: {half_life: 500d}
        signals:
          a: {stage: anything, momentum: -1, until: broken}
          a: {}
          broken: 3
          c: {after: gone, stage: start}
    """)
    assert messages(problems) == [
        'journey.yaml:2: stage 2 needs "name"',
        "journey.yaml:3: defaults: a half-life of 500d is outside 1d to 365d",
        'journey.yaml:5: signal "a", momentum: -1 is out of range; expected at least 0',
        'journey.yaml:6: key "a" comes twice; the first is in line 5',
        'journey.yaml:7: signal "broken": expected keys with values, found 3',
        'journey.yaml:8: signal "c" counts only after event "gone", which the tracking plan does not name.',
    ]


def test_missing_parts(read):
    assert messages(read("signals: {a: {until: b}}")[1]) == [
        'journey.yaml:1: the file needs "journey"',
        'journey.yaml:1: the file needs "stages"',
    ]
    assert messages(read("journey: x\nstages: []")[1]) == ["journey.yaml:2: stages: expected at least one stage"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'the file is empty; expected "journey", "stages" and "signals"'),
        ("# only a comment\n", 'the file is empty; expected "journey", "stages" and "signals"'),
        ("- a\n- b\n", 'expected "journey", "stages" and "signals" as keys, found a list'),
        ("hello\n", 'expected "journey", "stages" and "signals" as keys, found one value'),
    ],
)
def test_no_journey_at_all(read, text, message):
    assert messages(read(text)[1]) == [f"journey.yaml:1: {message}"]


def test_a_segment_may_be_an_attribute_but_a_slip_is_told(read):
    journey, problems = read(f"{GOOD}segments: [tier, regoin]\n")
    assert journey.segments == ("tier", "regoin")
    assert messages(problems) == [
        'journey.yaml:9: segment "regoin" is no column of customers; it is looked for among their attributes.'
        ' Did you mean "region"?'
    ]
