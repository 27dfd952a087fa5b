"""Compares the answers of two servers of one checkpoint: python3 bench/same_answers.py URL URL

Every request is greedy. Prints a line for each request whose status, texts, calls, finish reasons, token counts or fields differ, then how many do.
The first URL is that of a Freshet server, whose further field weight_versions is not counted.
"""
import json
import sys
import urllib.error
import urllib.request

CITY = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "maxLength": 10}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 8}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
FRANCE = "The capital of France is"
NAMED = {"type": "function", "function": {"name": "weather"}}


def completion(**fields):
    return "/v1/completions", {"max_tokens": 16, "prompt": FRANCE, **fields}


def chat(text, **fields):
    return "/v1/chat/completions", {"max_tokens": 24, "messages": [{"role": "user", "content": text}], **fields}


REQUESTS = [
    *[completion(prompt=p) for p in (FRANCE, "def fibonacci(n):", "Once upon a time", "1, 2, 3, 4,", "Hello", "", [504, 3575], [FRANCE, "Hello"])],
    completion(logprobs=3),
    completion(prompt_logprobs=1),
    completion(echo=True),
    completion(return_token_ids=True),
    completion(stop=[" is"]),
    completion(stop=["."], min_tokens=4),
    completion(stop=["."], include_stop_str_in_output=True),
    completion(stop_token_ids=[30]),
    completion(ignore_eos=True),
    completion(frequency_penalty=1.0),
    completion(presence_penalty=1.0),
    completion(repetition_penalty=1.2),
    completion(logit_bias={"260": -100}),
    completion(structured_outputs={"choice": ["Paris", "London"]}),
    completion(structured_outputs={"regex": "[a-z]{3,5}"}),
    completion(n=0),
    completion(n=2),
    completion(top_p=2),
    completion(best_of=2),
    chat("What is 2+2?"),
    chat("Say hi", logprobs=True, top_logprobs=2),
    chat("Say hi", top_logprobs=2),
    chat("Name a colour", stop=["."]),
    chat("List three fruits", n=2),
    chat("Hi", max_completion_tokens=4),
    chat("Hi", add_generation_prompt=False, continue_final_message=True),
    chat("Give JSON", response_format={"type": "json_object"}),
    chat("Person", response_format={"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON}}),
    chat("Weather in Paris?", tools=[CITY], tool_choice="required"),
    chat("Weather in Paris?", tools=[CITY], tool_choice=NAMED),
]


def model(base):
    with urllib.request.urlopen(base + "/v1/models", timeout=30) as answer:
        return json.load(answer)["data"][0]["id"]


def post(base, path, body):
    request = urllib.request.Request(base + path, json.dumps(body).encode(), {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, {}


def fields(value, path=""):
    if isinstance(value, dict):
        own = {path + name for name in value if name != "weight_versions"}
        return own.union(*(fields(value[name], f"{path}{name}.") for name in value if name != "weight_versions"))
    return fields(value[0], path) if isinstance(value, list) and value else set()


def choice(of):
    message = of.get("message") or {}
    calls = [(call["function"]["name"], call["function"]["arguments"]) for call in message.get("tool_calls") or []]
    return of.get("text"), message.get("content"), calls, of["finish_reason"], of.get("stop_reason")


def told(status, answer):
    counts = [answer.get("usage", {}).get(name) for name in ("prompt_tokens", "completion_tokens")]
    return status, [choice(of) for of in answer.get("choices", [])], counts, sorted(fields(answer))


def main(first, second):
    models = {base: model(base) for base in (first, second)}
    differ = 0
    for path, body in REQUESTS:
        answers = [told(*post(base, path, {**body, "temperature": 0, "model": models[base]})) for base in (first, second)]
        if answers[0] != answers[1]:
            differ += 1
            print(path, json.dumps({k: v for k, v in body.items() if k not in ("messages", "tools")}))
            for mine, other in zip(*answers):
                if mine != other:
                    print("  ", mine, "\n  ", other)
    print(f"{len(REQUESTS)} requests, {differ} answers differ")


main(*sys.argv[1:])
