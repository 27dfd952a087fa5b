"""Chats of openai-python: openai_chats.py URL MODEL."""

import json

import openai
from calls import ASK, MODEL, URL, raises, run

client = openai.OpenAI(base_url=URL + "/v1", api_key="none", max_retries=0, timeout=120)
MESSAGES = [{"role": "user", "content": ASK}]
TOOL = {"type": "function", "function": {"name": "weather", "description": "The weather of a city", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "s", "strict": True, "schema": {
    "type": "object", "properties": {"wet": {"type": "boolean"}}, "required": ["wet"], "additionalProperties": False}}}
RESULT = MESSAGES + [
    {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Bern"}'}}]},
    {"role": "tool", "tool_call_id": "a", "content": "sunny"}]


def chat(messages=MESSAGES, **fields):
    return client.chat.completions.create(**{"model": MODEL, "messages": messages, "max_tokens": 8, "temperature": 0, **fields})


def text(answer):
    return answer.choices[0].message.content


def streamed(**fields):
    return list(chat(stream=True, **fields))


def helper():
    with client.chat.completions.stream(model=MODEL, messages=MESSAGES, max_tokens=8) as stream:
        words = [event.delta for event in stream if event.type == "content.delta"]
        return "".join(words) == text(stream.current_completion_snapshot)


def left():
    stream = chat(stream=True, max_tokens=500)
    next(iter(stream))
    stream.close()
    return bool(text(chat()))


CALLS = {
    "chat": lambda: bool(text(chat())) and chat().usage.total_tokens > 8,
    "chat, streamed": lambda: "".join(c.choices[0].delta.content or "" for c in streamed()) == text(chat()),
    "chat, stream helper": helper,
    "chat, stream left early": left,
    "chat, usage of a stream": lambda: streamed(stream_options={"include_usage": True})[-1].usage.completion_tokens == 8,
    "chat, n": lambda: [c.index for c in chat(n=3, temperature=1).choices] == [0, 1, 2],
    "chat, stop": lambda: chat(stop=[text(chat(max_tokens=3))[-2:]]).choices[0].finish_reason == "stop",
    "chat, seed": lambda: text(chat(seed=7, temperature=1)) == text(chat(seed=7, temperature=1)),
    "chat, top_p and penalties": lambda: chat(top_p=0.9, presence_penalty=0.5, frequency_penalty=0.5, temperature=0.7),
    "chat, logprobs": lambda: len(chat(logprobs=True, top_logprobs=3).choices[0].logprobs.content[0].top_logprobs) == 3,
    "chat, logprobs of a stream": lambda: streamed(logprobs=True)[1].choices[0].logprobs.content[0].logprob <= 0,
    "chat, logit_bias": lambda: chat(logit_bias={"260": -100}),
    "chat, max_completion_tokens": lambda: chat(max_tokens=None, max_completion_tokens=3).usage.completion_tokens == 3,
    "chat, parts of text": lambda: text(chat([{"role": "user", "content": [{"type": "text", "text": ASK}]}])) == text(chat()),
    "chat, system and assistant": lambda: text(chat([{"role": "system", "content": "Be brief."}, *MESSAGES, {"role": "assistant", "content": "Yes."}, *MESSAGES])),
    "chat, tools": lambda: chat(tools=[TOOL]),
    "chat, tools streamed": lambda: streamed(tools=[TOOL]),
    "chat, tools none": lambda: text(chat(tools=[TOOL], tool_choice="none")) == text(chat()),
    "chat, tools required": lambda: chat(tools=[TOOL], tool_choice="required"),
    "chat, a named tool": lambda: chat(tools=[TOOL], tool_choice={"type": "function", "function": {"name": "weather"}}),
    "chat, result of a tool": lambda: chat(RESULT, tools=[TOOL]),
    "chat, user and metadata": lambda: chat(user="a", metadata={"a": "b"}, store=False),
    "chat, response_format text": lambda: chat(response_format={"type": "text"}),
    "chat, response_format json_object": lambda: text(chat(response_format={"type": "json_object"})).startswith("{"),
    "chat, response_format json_schema": lambda: json.loads(text(chat(max_tokens=64, response_format=SCHEMA)))["wet"] in (True, False),
    "chat, an image": lambda: chat([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}]}]),
    "chat, wrong model": lambda: raises(openai.NotFoundError, lambda: chat(model="nobody")),
    "chat, wrong value": lambda: raises(openai.BadRequestError, lambda: chat(temperature=-1)),
    "chat, no messages": lambda: raises(openai.BadRequestError, lambda: chat([])),
    "chat, prompt too long": lambda: raises(openai.BadRequestError, lambda: chat([{"role": "user", "content": "long " * 9000}])),
    "chat, timeout": lambda: raises(openai.APITimeoutError, lambda: client.with_options(timeout=0.05).chat.completions.create(
        model=MODEL, messages=MESSAGES, max_tokens=400, temperature=1)),
}
run("openai-python", CALLS)
