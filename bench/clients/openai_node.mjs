// Calls of openai for node: openai_node.mjs URL MODEL. The package is in the current directory's node_modules.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(process.cwd() + "/");
const { default: OpenAI } = await import(pathToFileURL(require.resolve("openai")));
const client = new OpenAI({ baseURL: process.argv[2] + "/v1", apiKey: "none", maxRetries: 0, timeout: 120_000 });
const model = process.argv[3];
const messages = [{ role: "user", content: "Say something about rivers." }];
const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } } }];
const chat = (fields = {}) => client.chat.completions.create({ model, messages, max_tokens: 8, temperature: 0, ...fields });

async function text(stream) {
  let all = "";
  for await (const chunk of stream) all += chunk.choices[0]?.delta?.content ?? chunk.choices[0]?.text ?? "";
  return all;
}

async function raises(status, call) {
  try {
    await call();
    return false;
  } catch (e) {
    return e.status === status;
  }
}

const calls = {
  "models": async () => (await client.models.list()).data[0].id === model,
  "completion": async () => (await client.completions.create({ model, prompt: "The river", max_tokens: 8 })).choices[0].text.length > 0,
  "completion, streamed": async () => (await text(await client.completions.create({ model, prompt: "The river", max_tokens: 8, stream: true }))).length > 0,
  "chat": async () => (await chat()).choices[0].message.content.length > 0,
  "chat, streamed": async () => (await text(await chat({ stream: true }))) === (await chat()).choices[0].message.content,
  "chat, stream helper": async () =>
    (await client.chat.completions.stream({ model, messages, max_tokens: 8 }).finalChatCompletion()).choices[0].finish_reason !== "",
  "chat, tools": async () => (await chat({ tools })).choices.length === 1,
  "response": async () => (await client.responses.create({ model, input: messages[0].content, max_output_tokens: 16 })).output_text.length > 0,
  "chat, wrong model": () => raises(404, () => chat({ model: "nobody" })),
};
let failures = 0;
for (const [kind, call] of Object.entries(calls)) {
  let result = "ok";
  try {
    if ((await call()) === false) throw new Error("not what was expected");
  } catch (e) {
    if (e.status !== 400) failures++;
    result = (e.status === 400 ? "refused by name: " : `failed: ${e.name}: `) + e.message.replaceAll(/\s+/g, " ").slice(0, 160);
  }
  console.log(["openai for node", kind, result].join("\t"));
}
process.exit(failures ? 1 : 0);
