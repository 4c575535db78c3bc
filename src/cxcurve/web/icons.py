"""The icons: lines in a square of 18, drawn with the colour of the text beside them."""

from __future__ import annotations

ICONS = {
    "today": "M9 2.5v1.5M9 14v1.5M2.5 9H4M14 9h1.5M4.4 4.4l1.1 1.1M12.5 12.5l1.1 1.1M4.4 13.6l1.1-1.1M12.5 "
    "5.5l1.1-1.1M9 6.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6Z",
    "curve": "M2 12c3 0 3-7 6.5-7s3 8 7.5 5",
    "scorecard": "M3 4.5h12M3 9h12M3 13.5h7",
    "journey": "M4.5 6a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM13.5 16a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM6.5 4H11a2.5 2.5 0 0 1 0 5H7"
    "a2.5 2.5 0 0 0 0 5h4.5",
    "drift": "M2.5 9h4.5m4 0h4.5m-3-3 3 3-3 3M9 4v1.5m0 2.7v1.6m0 2.7V14",
    "friction": "M2 12l2.5-5 2.5 5 2.5-5 2.5 5L14.5 7 16 10M2 15h14",
    "ttv": "M9 5.5V9l2.3 1.5M9 3a6 6 0 1 1 0 12A6 6 0 0 1 9 3Z",
    "flows": "M2.5 5h3c4 0 3 8 7 8h3M2.5 13h3c1.2 0 2-.8 2.5-2M15.5 5h-3c-1.2 0-1.9.7-2.4 1.8",
    "customers": "M9 8.5a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4ZM3.5 15c.4-2.7 2.6-4.3 5.5-4.3s5.1 1.6 5.5 4.3",
    "retention": "M14.5 7.5A5.8 5.8 0 0 0 4 6M3.5 10.5A5.8 5.8 0 0 0 14 12M4 3v3h3M14 15v-3h-3",
    "advocacy": "M3 7.5v3h2.5L11 14V4L5.5 7.5H3Zm10.5-.8c1.3 1.3 1.3 3.3 0 4.6",
    "deals": "M2.5 6.5h13v8h-13ZM6.5 6.5V4h5v2.5M2.5 10h13",
    "actions": "M10 2.5 4 10h4.5L8 15.5 14 8H9.5Z",
    "sources": "M3 5h5l2 4h5M3 13h5l2-4M3 9h4",
    "plan": "M5 3h8v12H5ZM7.5 6.5h3m-3 2.5h3m-3 2.5h3",
    "scores": "M3 9.5 7 13.5 15 5",
    "settings": "M3 5h6m4 0h2M3 13h2m4 0h6M11 3.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6ZM7 11.2"
    "a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6Z",
    "menu": "M3 5h12M3 9h12M3 13h12",
    "theme": "M9 3a6 6 0 1 1 0 12A6 6 0 0 1 9 3Zm0 0v12m1.5-11.8v11.6M12 4v10m1.5-8.5v7",
    "density": "M3 4h12M3 7.3h12M3 10.7h12M3 14h12",
    "close": "M4.5 4.5l9 9m0-9-9 9",
    "columns": "M3 4h12v10H3ZM7 4v10m4-10v10",
    "download": "M9 3v8m-3-3 3 3 3-3M3.5 14.5h11",
    "stale": "M9 5.5V9l2.3 1.5M9 3a6 6 0 1 1 0 12A6 6 0 0 1 9 3Z",
    "failed": "M9 3l6.5 11.5h-13ZM9 7.5v3m0 1.9v.1",
    "info": "M9 3a6 6 0 1 1 0 12A6 6 0 0 1 9 3Zm0 5.2v3.8M9 6v.1",
}  # fmt: skip
