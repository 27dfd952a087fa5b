"""Renders the chat templates of src/test/resources/templates with transformers, for GoldenTest.

Run in core/text with transformers and jinja2 installed: python src/test/python/make_templates.py
"""

import datetime
import json
import pathlib

from transformers.utils import chat_template_utils as utils

FOLDER = pathlib.Path("src/test/resources/templates")


class FixedDate(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 7, 4, 9, 5, 3)


utils.datetime = FixedDate

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Weather of a <place> & time",
        "parameters": {
            "type": "object",
            "properties": {
                "place": {"type": "string", "description": "a city\n"},
                "days": {"type": "integer"},
                "units": {"type": ["string", "null"], "enum": ["°C", "F"]},
                "points": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
                "options": {
                    "type": "object",
                    "properties": {
                        "deep": {"type": "boolean", "default": True},
                        "kind": {"oneOf": [{"type": "string", "description": "a name"}, {"type": "integer"}]},
                    },
                    "required": ["deep"],
                },
                "extra": {"type": "object", "additionalProperties": {"type": "number"}},
            },
            "required": ["place"],
        },
        "return": {"type": "object"},
    },
}
ADD = {
    "type": "function",
    "function": {"name": "add", "description": "adds", "parameters": {"type": "object", "properties": {}}},
}


def call(name, arguments, id="abcdefghi"):
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


USER = {"role": "user", "content": " What is 2+2? \n"}
SYSTEM = {"role": "system", "content": "Be brief. /no_think"}
ANSWER = {"role": "assistant", "content": "<think>\nadd them\n</think>\n\n4 🌊"}
CALLS = {
    "role": "assistant",
    "content": "",
    "tool_calls": [call("weather", {"place": "Åre", "days": 2, "f": 1e20, "deep": {"x": [None, True, 0.1]}})],
}
TWO_CALLS = {
    "role": "assistant",
    "content": "Both:",
    "tool_calls": [call("weather", {"place": "a"}), call("add", {"a": 1}, "123456789")],
}
RESULT = {"role": "tool", "name": "weather", "content": '{"t": -3.5}', "tool_call_id": "abcdefghi"}
PARTS = {
    "role": "user",
    "content": [{"type": "text", "text": " look "}, {"type": "image"}, {"type": "text", "text": "here"}],
}

CONTEXTS = {
    "one": {"messages": [USER], "add_generation_prompt": True},
    "system": {"messages": [SYSTEM, USER, ANSWER, {"role": "user", "content": "why?"}], "add_generation_prompt": True},
    "answered": {"messages": [SYSTEM, USER, ANSWER], "add_generation_prompt": False, "enable_thinking": False},
    "tools": {"messages": [USER, CALLS, RESULT], "tools": [WEATHER, ADD], "add_generation_prompt": True},
    "two-calls": {
        "messages": [SYSTEM, USER, TWO_CALLS, RESULT, dict(RESULT, content="3"), ANSWER],
        "tools": [WEATHER],
        "add_generation_prompt": False,
        "tools_in_user_message": False,
    },
    "parts": {"messages": [PARTS], "add_generation_prompt": True, "date_string": "1 Jan 2020"},
    "reasoning": {
        "messages": [
            USER,
            {"role": "assistant", "content": "4", "reasoning_content": "\nadd\n"},
            USER,
            {"role": "assistant", "content": "\n4"},
        ],
        "add_generation_prompt": False,
        "enable_thinking": True,
    },
    "documents": {
        "messages": [USER],
        "documents": [{"title": "River", "text": "It flows.", "doc_id": 3}, {"title": "Sea", "text": "It waits."}],
        "controls": {"citations": True, "length": "short"},
        "tools": [ADD],
        "add_generation_prompt": True,
    },
    "two-users": {"messages": [USER, USER], "add_generation_prompt": True},
    "unknown-role": {"messages": [USER, {"role": "critic", "content": "no"}], "add_generation_prompt": False},
}


def rendered(source, variables):
    """The text and the generation blocks, or the error."""
    try:
        template = utils._compile_jinja_template(source)
        text, spans = utils._render_with_assistant_indices(compiled_template=template, **variables)
        return {"rendered": text, "generations": spans}
    except Exception as e:  # Whatever Python raises, the template fails there.
        return {"error": f"{type(e).__name__}: {e}"}


def main():
    usual = {"tools": None, "documents": None, "bos_token": "<s>", "eos_token": "</s>"}
    contexts = {name: {**usual, **variables} for name, variables in CONTEXTS.items()}
    renderings = [
        {"template": file.name, "context": name, **rendered(file.read_text(), variables)}
        for file in sorted(FOLDER.glob("*.jinja"))
        for name, variables in contexts.items()
    ]
    write("golden.json", {"contexts": contexts, "renderings": renderings})

    variables = {**usual, **VARIABLES}
    lines = (FOLDER / "constructs.txt").read_text().splitlines()
    templates = [line.replace("⏎", "\n") for line in lines if line and not line.startswith("##")]
    cases = [{"template": template, **rendered(template, variables)} for template in templates]
    write("constructs.json", {"context": variables, "renderings": cases})


VARIABLES = {
    "messages": [SYSTEM, USER, CALLS, PARTS],
    "add_generation_prompt": False,
    "x": 1,
    "y": -7,
    "f": 2.5,
    "s": "Hello, wörld 🌊 it's",
    "t": "  a b\tc\n",
    "l": [3, 1, 2],
    "words": ["b", "A", "c", "a"],
    "d": {"b": 1, "a": [1, 2], "items": 3},
    "big": 12345678901234567890123,
    "nothing": None,
    "nested": [[1, 2], [3, [4, 5]], []],
}


def write(name, content):
    (FOLDER / name).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
