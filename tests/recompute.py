"""Makes an explained number again from the files of `cxcurve explain KEY --export DIR`, without cxcurve."""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq


def line(t, cause):  # rising days, at risk, still waiting (Kaplan-Meier), ended by the cause (Aalen-Johansen)
    day, at = np.unique(np.append(0.0, t["days"]), return_inverse=True)
    kinds = t["days"] >= 0, t["cause"] > 0, t["cause"] == cause
    gone, ended, mine = (np.bincount(at[1:], kind, len(day)) for kind in kinds)
    risk = gone[::-1].cumsum()[::-1]
    still = np.cumprod(1 - ended / risk)
    return day, risk, still, np.cumsum(np.append(1.0, still[:-1]) * mine / risk)


def lost(t, late, s):  # revenue x the chance to move on within the horizon that is gone since the entry
    day, risk, still, share = line(t, s["cause"])
    on = lambda values, when: values[np.searchsorted(day, when, side="right") - 1]  # noqa: E731
    since, end = np.minimum(late["days"], day[risk >= s["fewest"]].max(initial=0)), s["horizon_days"]
    now = (on(share, np.maximum(since, end)) - on(share, since)) / np.maximum(on(still, since), 1e-300)
    return (late["revenue"] * np.maximum(on(share, end) - np.minimum(now, 1), 0)).sum()


def scores(t, states, s):  # doublings of each signal, and the indexes they make
    loads = {("friction", *one[:1]): one[1] * one[2] for one in zip(*states.values(), strict=True)}
    kinds = np.array(["|".join(one) for one in zip(t["measure"], t["signal"], t["part"], strict=True)], dtype=object)
    for kind in set(kinds):
        e = {name: values[kinds == kind] for name, values in t.items()}
        units = np.round(2**32 * e["amount"] * 2 ** ((e["anchor_us"] - e["week_end_us"]) / e["half_life_us"]))
        n = e["step"] + units / 2**32 * 2 ** ((e["week_end_us"] - e["told_us"]) / e["half_life_us"])
        n, name = n.sum() / e["seat_factor"][0], (e["measure"][0], e["signal"][0])
        loads[name] = loads.get(name, 0) + (e["weight"][0] * np.log2(1 + n) if n >= 1 / 32 else 0)
    f, m = (sum(load for (of, _), load in loads.items() if of == name) for name in ("friction", "momentum"))
    friction, momentum = 100 * (1 - 2 ** -max(0, f - s["friction_ref"])), 100 / (1 + 2 ** (s["momentum_ref"] - m))
    return loads, {"friction_index": friction, "momentum_index": momentum, "level": momentum - friction}[s["index"]]


def points(loads, index, s):  # tenths by largest remainder
    mine = {name: load for (of, name), load in loads.items() if s["index"].startswith(of) and load > 0}
    names, tenths = sorted(mine, key=lambda name: (-mine[name], name)), round(round(index, 1) * 10)
    exact = [mine[name] / sum(mine.values()) * tenths for name in names]
    whole = [int(one + 1e-9) for one in exact]
    next_up = sorted(range(len(names)), key=lambda i: (whole[i] - exact[i], i))[: tenths - sum(whole)]
    shown = {name: (whole[i] + (i in next_up)) / 10 for i, name in enumerate(names)}
    return shown[s["signal"]] if shown else tenths / 10


def pairs(value, happened):
    mine, others = value[happened], np.sort(value[~happened])
    below, up_to = (np.searchsorted(others, mine, side).sum() for side in ("left", "right"))
    return (below + up_to) / 2, len(mine) * len(others)


def odds(t):  # Mantel and Haenszel: weeks that met it against weeks that did not, stratum by stratum
    met, left = t["is_met"], t["has_left"]
    of = [t["stratum"] == k for k in set(t["stratum"])]
    cells = np.array([[[(k & (met == m) & (left >= did)).sum() for did in (0, 1)] for m in (1, 0)] for k in of], float)
    both = cells[cells[:, :, 0].all(axis=1)]
    ratio = lambda c: [(c[:, i, 1] * (c[:, 1 - i, 0] - c[:, 1 - i, 1]) / c[:, :, 0].sum(1)).sum() for i in (0, 1)]  # noqa: E731
    if not all(ratio(both)):
        expected = both[:, 0, 0] * both[:, :, 1].sum(1) / both[:, :, 0].sum(1)
        both = both + (expected / expected.sum())[:, None, None] * [1, 0.5]
    return ratio(both)[0] / ratio(both)[1]


def recompute(folder):
    told = json.loads((folder / "explanation.json").read_text(encoding="utf-8"))
    tables = {name: pq.read_table(folder / f"{name}.parquet").to_pydict() for name in told["tables"]}
    tables = {name: {c: np.array(v) for c, v in t.items()} for name, t in tables.items()}
    t, s, method = tables["inputs"], told["settings"], told["method"]
    if method in ("mean", "sum"):
        return (t["value"] * t["weight"]).sum() / (t["weight"].sum() if method == "mean" else 1)
    if method == "median":
        return np.median(t["value"])
    if method == "auc":  # pairs of one stratum in the right order, ties half
        won = np.array(
            [pairs(t["value"][t["stratum"] == k], t["happened"][t["stratum"] == k]) for k in set(t["stratum"])]
        )
        return won[:, 0].sum() / won[:, 1].sum()
    if method in ("nps", "csat", "ces"):  # of each person the newest answer on the scale
        said = {t["who"][i]: t["value"][i] for i in np.lexsort((t["event_id"], t["occurred_us"])) if t["on_scale"][i]}
        v = np.array(list(said.values()))
        return {"nps": 100.0 * ((v >= 9).mean() - (v <= 6).mean()), "csat": (v >= 4).mean(), "ces": v.mean()}[method]
    if method.startswith("customer"):
        loads, index = scores(t, tables["states"], s)
        return points(loads, index, s) if method == "customer_points" else index
    if method == "lost_revenue":
        of = lambda rows, zone: {name: values[rows["zone"] == zone] for name, values in rows.items()}  # noqa: E731
        return sum(lost(of(t, zone), of(tables["drifting"], zone), s) for zone in set(t["zone"]))
    if method == "matched_odds":
        return odds(t)
    if method in ("count", "setting"):
        return len(t["customer_id"]) if method == "count" else s["expected_days"]
    day, _, still, share = line(t, s["cause"])
    if method in ("still", "share_by"):
        return (still if method == "still" else share)[day <= s["day"]][-1]
    if method == "share_not_by":
        return 1 - share[day <= s["day"]][-1]
    if method == "share_ahead":
        here, ahead = ((day <= s["day"] + more) for more in (0, s["ahead_days"]))
        return min(1, (share[ahead][-1] - share[here][-1]) / still[here][-1])
    goal = s["share"] if method == "first_day" else s["part"] * share[day <= s["horizon_days"]][-1]
    return day[share >= goal - 1e-12].min()


if __name__ == "__main__":
    print(recompute(Path(sys.argv[1])))
