package dev.freshet.server;

import static dev.freshet.wire.WireWriter.object;

import dev.freshet.engine.GenerationRequest;
import dev.freshet.server.session.Branch;
import dev.freshet.server.session.SampledTokens;
import dev.freshet.server.session.SessionName;
import dev.freshet.server.session.SessionSummary;
import dev.freshet.server.session.Turn;
import dev.freshet.server.session.TurnCall;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import tools.jackson.core.JsonGenerator;

/** Writes sessions as JSON: the lines of capture files, and the answers of the sessions' routes. */
final class SessionJson {
  private SessionJson() {}

  /** The line of a session that began. */
  static byte[] begin(SessionName name, String time) {
    return line(
        object(
            out -> {
              out.writeStringProperty("type", "session");
              out.writeStringProperty("session", name.value());
              out.writeStringProperty("time", time);
            }));
  }

  /** The line of a turn. */
  static byte[] turn(Turn turn, String time) {
    return line(
        object(
            out -> {
              out.writeStringProperty("type", "turn");
              head(out, turn);
              out.writeStringProperty("time", time);
              ids(out, "prompt_token_ids", turn.ownPrompt());
              SampledTokens sampled = turn.sampled();
              ids(out, "token_ids", sampled.ids());
              logprobs(out, sampled.logprobs());
              spans(out, sampled.versions());
              sampling(out, turn.call().sampling());
            }));
  }

  /** The line of a session that ended. */
  static byte[] end(SessionSummary summary, SessionEnd how, OptionalDouble reward, String time) {
    return line(
        object(
            out -> {
              out.writeStringProperty("type", "end");
              out.writeStringProperty("reason", how.wireName());
              reward.ifPresent(value -> out.writeNumberProperty("reward", value));
              counts(out, summary);
              out.writeStringProperty("time", time);
            }));
  }

  /** The answer to a request that ends a session. */
  static byte[] ended(SessionName name, SessionSummary summary, OptionalDouble reward) {
    return object(
        out -> {
          out.writeStringProperty("session", name.value());
          reward.ifPresent(value -> out.writeNumberProperty("reward", value));
          counts(out, summary);
        });
  }

  /** The capture of a session, with its reward if it ended with one. */
  static byte[] capture(
      SessionName name, SessionSummary summary, OptionalDouble reward, List<Branch> branches) {
    return object(
        out -> {
          out.writeStringProperty("session", name.value());
          reward.ifPresent(value -> out.writeNumberProperty("reward", value));
          counts(out, summary);
          out.writeArrayPropertyStart("captured_branches");
          branches.forEach(branch -> branch(out, branch));
          out.writeEndArray();
        });
  }

  private static void branch(JsonGenerator out, Branch branch) {
    out.writeStartObject();
    ids(out, "token_ids", branch.tokenIds());
    out.writeArrayPropertyStart("mask");
    for (boolean sampled : branch.mask()) {
      out.writeNumber(sampled ? 1 : 0);
    }
    out.writeEndArray();
    logprobs(out, branch.logprobs());
    out.writeArrayPropertyStart("versions");
    for (long version : branch.versions()) {
      out.writeNumber(version);
    }
    out.writeEndArray();
    out.writeArrayPropertyStart("turns");
    for (Turn turn : branch.turns()) {
      out.writeStartObject();
      head(out, turn);
      sampling(out, turn.call().sampling());
      out.writeEndObject();
    }
    out.writeEndArray();
    out.writeEndObject();
  }

  private static void head(JsonGenerator out, Turn turn) {
    TurnCall call = turn.call();
    out.writeNumberProperty("turn", turn.number());
    turn.parent().ifPresent(parent -> out.writeNumberProperty("parent", parent.number()));
    out.writeStringProperty("prefix", turn.prefix().wireName());
    out.writeStringProperty("route", call.route());
    out.writeStringProperty("request_id", call.requestId());
    out.writeNumberProperty("choice", call.choice());
    out.writeStringProperty("model", call.model());
    out.writeStringProperty("finish_reason", call.finishReason());
    out.writeNumberProperty("prompt_tokens", turn.promptSize());
    out.writeNumberProperty("completion_tokens", turn.sampled().ids().length);
  }

  private static void counts(JsonGenerator out, SessionSummary summary) {
    out.writeNumberProperty("branches", summary.branches());
    out.writeNumberProperty("turns", summary.turns());
    out.writeNumberProperty("broken_prefixes", summary.brokenPrefixes());
    out.writeNumberProperty("prompt_tokens", summary.promptTokens());
    out.writeNumberProperty("sampled_tokens", summary.sampledTokens());
  }

  private static void sampling(JsonGenerator out, TurnCall.Sampling sampling) {
    GenerationRequest request = sampling.request();
    out.writeObjectPropertyStart("sampling");
    out.writeNumberProperty("max_tokens", request.maxTokens());
    out.writeNumberProperty("temperature", request.temperature());
    out.writeNumberProperty("top_p", request.topP());
    out.writeNumberProperty("top_k", request.topK());
    out.writeNumberProperty("min_p", request.minP());
    request.seed().ifPresent(seed -> out.writeNumberProperty("seed", seed));
    out.writeNumberProperty("min_tokens", request.rules().minTokens());
    out.writeNumberProperty("repetition_penalty", request.rules().repetitionPenalty());
    out.writeNumberProperty("frequency_penalty", request.rules().frequencyPenalty());
    out.writeNumberProperty("presence_penalty", request.rules().presencePenalty());
    out.writeObjectPropertyStart("logit_bias");
    request
        .rules()
        .bias()
        .forEach((id, bias) -> out.writeNumberProperty(Integer.toString(id), bias));
    out.writeEndObject();
    out.writeArrayPropertyStart("stop");
    sampling.stop().forEach(out::writeString);
    out.writeEndArray();
    ids(
        out,
        "stop_token_ids",
        request.stopTokens().stream().mapToInt(Integer::intValue).sorted().toArray());
    out.writeStringProperty("logprobs_mode", request.logprobsMode().wireName());
    out.writeEndObject();
  }

  private static void ids(JsonGenerator out, String name, int[] ids) {
    out.writeArrayPropertyStart(name);
    for (int id : ids) {
      out.writeNumber(id);
    }
    out.writeEndArray();
  }

  private static void logprobs(JsonGenerator out, float[] logprobs) {
    out.writeArrayPropertyStart("logprobs");
    for (float logprob : logprobs) {
      out.writeNumber(Math.max(logprob, LogprobsJson.MIN_LOGPROB));
    }
    out.writeEndArray();
  }

  /** The runs of tokens of one version, as in the answers of generation routes. */
  private static void spans(JsonGenerator out, long[] versions) {
    out.writeArrayPropertyStart("weight_versions");
    int start = 0;
    for (int end = 1; end <= versions.length; end++) {
      if (end == versions.length || versions[end] != versions[start]) {
        out.writeStartObject();
        out.writeStringProperty("version", Long.toString(versions[start]));
        out.writeNumberProperty("start", start);
        out.writeNumberProperty("end", end);
        out.writeEndObject();
        start = end;
      }
    }
    out.writeEndArray();
  }

  private static byte[] line(byte[] json) {
    byte[] line = Arrays.copyOf(json, json.length + 1);
    line[json.length] = '\n';
    return line;
  }
}
