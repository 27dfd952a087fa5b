"""Models, completions, responses and manners of openai-python: openai_others.py URL MODEL."""

import asyncio

import openai
from calls import ASK, MODEL, URL, raises, run

client = openai.OpenAI(base_url=URL + "/v1", api_key="none", max_retries=0, timeout=120)
MESSAGES = [{"role": "user", "content": ASK}]
TOOL = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}, "strict": False}


def complete(prompt="The river", **fields):
    return client.completions.create(**{"model": MODEL, "prompt": prompt, "max_tokens": 6, "temperature": 0, **fields})


def text(answer):
    return answer.choices[0].text


def respond(words=ASK, **fields):
    return client.responses.create(**{"model": MODEL, "input": words, "max_output_tokens": 16, "temperature": 0, **fields})


def response_events():
    events = [event.type for event in respond(stream=True)]
    return events[0] == "response.created" and events[-1] == "response.completed" and "response.output_text.delta" in events


def tokens():
    one = complete(extra_body={"return_token_ids": True}).choices[0]
    return len(one.token_ids) == 6 and text(complete(one.prompt_token_ids)) == one.text


def raw():
    answer = client.chat.completions.with_raw_response.create(model=MODEL, messages=MESSAGES, max_tokens=4)
    return answer.headers["content-type"].startswith("application/json") and answer.parse().choices[0].message.role == "assistant"


async def several():
    async with openai.AsyncOpenAI(base_url=URL + "/v1", api_key="none") as other:
        answers = await asyncio.gather(*(other.chat.completions.create(model=MODEL, messages=MESSAGES, max_tokens=4) for _ in range(8)))
        stream = await other.chat.completions.create(model=MODEL, messages=MESSAGES, max_tokens=4, stream=True)
        return len(answers) == 8 and len([chunk async for chunk in stream]) > 2


def session():
    mine = client.with_options(base_url=URL + "/s/clients/v1")
    return bool(mine.chat.completions.create(model=MODEL, messages=MESSAGES, max_tokens=4).choices[0].message.content)


CALLS = {
    "models": lambda: client.models.list().data[0].max_model_len > 0,
    "one model": lambda: client.models.retrieve(MODEL).id == MODEL,
    "one model, unknown": lambda: raises(openai.NotFoundError, lambda: client.models.retrieve("nobody")),
    "completion": lambda: bool(text(complete())),
    "completion, streamed": lambda: "".join(c.choices[0].text for c in complete(stream=True)) == text(complete()),
    "completion, several prompts": lambda: [c.text for c in complete(["The river", "A lake"]).choices] == [text(complete()), text(complete("A lake"))],
    "completion, echo": lambda: text(complete(echo=True)) == "The river" + text(complete()),
    "completion, echo and logprobs": lambda: complete(echo=True, logprobs=1, max_tokens=1).choices[0].logprobs.token_logprobs[0] is None,
    "completion, token ids": tokens,
    "completion, n and best_of": lambda: len(complete(n=2, best_of=2, temperature=1).choices) == 2,
    "completion, suffix": lambda: complete(suffix="end"),
    "completion, wrong model": lambda: raises(openai.NotFoundError, lambda: complete(model="nobody")),
    "response": lambda: bool(respond().output_text),
    "response, streamed": response_events,
    "response, instructions and items": lambda: respond(MESSAGES, instructions="Be brief.").status in ("completed", "incomplete"),
    "response, tools": lambda: respond(tools=[TOOL]),
    "response, previous_response_id": lambda: respond(previous_response_id="resp_a"),
    "raw response": raw,
    "asynchronous": several,
    "in a session": session,
    "embeddings": lambda: raises(openai.NotFoundError, lambda: client.embeddings.create(model=MODEL, input="a")),
}
run("openai-python", CALLS)
