"""Messages of Anthropic's client: anthropic_calls.py URL MODEL."""

import asyncio

import anthropic
from calls import ASK, MODEL, URL, raises, run

client = anthropic.Anthropic(base_url=URL, api_key="none", max_retries=0, timeout=120)
MESSAGES = [{"role": "user", "content": ASK}]
TOOL = {"name": "weather", "description": "The weather of a city", "input_schema": {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}
RESULT = MESSAGES + [
    {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "weather", "input": {"city": "Bern"}}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "sunny"}]}]


def say(messages=MESSAGES, **fields):
    return client.messages.create(**{"model": MODEL, "messages": messages, "max_tokens": 8, **fields})


def text(message):
    return message.content[0].text


def helper():
    with client.messages.stream(model=MODEL, messages=MESSAGES, max_tokens=8) as stream:
        return "".join(stream.text_stream) == text(stream.get_final_message())


def events():
    kinds = [event.type for event in say(stream=True)]
    return kinds[0] == "message_start" and kinds[-1] == "message_stop" and "content_block_delta" in kinds


async def several():
    async with anthropic.AsyncAnthropic(base_url=URL, api_key="none") as other:
        messages = (other.messages.create(model=MODEL, messages=MESSAGES, max_tokens=4) for _ in range(4))
        return len(await asyncio.gather(*messages)) == 4


CALLS = {
    "message": lambda: bool(text(say())) and say().stop_reason == "max_tokens",
    "message, events": events,
    "message, stream helper": helper,
    "message, system and sampling": lambda: say(system="Be brief.", extra_body={"temperature": 0.5, "top_p": 0.9, "top_k": 20}),
    "message, stop sequence": lambda: say(stop_sequences=[" "]).stop_reason == "stop_sequence",
    "message, tools": lambda: say(tools=[TOOL]),
    "message, result of a tool": lambda: say(RESULT, tools=[TOOL]),
    "message, a tool that must be called": lambda: say(tools=[TOOL], tool_choice={"type": "any"}),
    "message, an image": lambda: say([{"role": "user", "content": [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}}]}]),
    "message, wrong model": lambda: raises(anthropic.NotFoundError, lambda: say(model="nobody")),
    "message, no messages": lambda: raises(anthropic.BadRequestError, lambda: say([])),
    "message, raw response": lambda: client.messages.with_raw_response.create(model=MODEL, messages=MESSAGES, max_tokens=4).parse().role == "assistant",
    "tokens of a message": lambda: client.messages.count_tokens(model=MODEL, messages=MESSAGES).input_tokens > 5,
    "models": lambda: client.models.list().data[0].id == MODEL,
    "asynchronous": several,
}
run("anthropic", CALLS)
