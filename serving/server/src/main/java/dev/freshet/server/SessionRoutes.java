package dev.freshet.server;

import dev.freshet.engine.Engine;
import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.http.Exchange;
import dev.freshet.http.Request;
import dev.freshet.server.session.Session;
import dev.freshet.server.session.SessionName;
import dev.freshet.text.Tokenizer;
import dev.freshet.wire.RewardRequest;
import dev.freshet.wire.SessionSampling;
import java.util.OptionalDouble;

/** The routes of a session itself: its beginning, its capture, and its end. Thread-safe. */
final class SessionRoutes {
  private final Engine engine;
  private final Tokenizer tokenizer;
  private final ChatPrompts chatPrompts;
  private final Sessions sessions;
  private final RequestWork work;

  /**
   * @param work writes captures, which may be large
   */
  SessionRoutes(
      Engine engine,
      Tokenizer tokenizer,
      ChatPrompts chatPrompts,
      Sessions sessions,
      RequestWork work) {
    this.engine = engine;
    this.tokenizer = tokenizer;
    this.chatPrompts = chatPrompts;
    this.sessions = sessions;
    this.work = work;
  }

  /** The scope of a request that the session captures. */
  CallScope scope(SessionPath path, Request http, Exchange exchange) {
    return new SessionScope(
        engine, tokenizer, chatPrompts, sessions, path.session(), path.route(), http, exchange);
  }

  /** Answers a request for the session itself. */
  void handle(SessionPath path, Request request, Exchange exchange) {
    SessionName name = path.session();
    switch (path.route()) {
      case "" -> {
        switch (request.method()) {
          case "DELETE" -> delete(name, exchange);
          case "GET", "HEAD" -> capture(name, request, exchange);
          case "PUT" -> begin(name, request, exchange);
          default -> request.require("GET, HEAD, PUT, DELETE");
        }
      }
      case "/reward" -> {
        switch (request.method()) {
          case "GET", "HEAD" -> reward(name, exchange);
          case "POST" ->
              end(name, OptionalDouble.of(RewardRequest.parse(request.body()).reward()), exchange);
          default -> request.require("GET, HEAD, POST");
        }
      }
      case "/finish_session" -> {
        request.require("POST");
        end(name, OptionalDouble.empty(), exchange);
      }
      default -> throw path.noSuchRoute();
    }
  }

  private void begin(SessionName name, Request request, Exchange exchange) {
    sessions.begin(name, SessionSampling.parse(request.body()));
    exchange.answer(
        201,
        SessionJson.ended(
            name, sessions.require(name).session().summary(), OptionalDouble.empty()));
  }

  private void capture(SessionName name, Request request, Exchange exchange) {
    Sessions.Found found = sessions.require(name);
    Session session = found.session();
    work.parseBeside(
        request,
        exchange,
        () ->
            exchange.answer(
                200,
                SessionJson.capture(name, session.summary(), found.reward(), session.branches())));
  }

  /** The reward of a session that ended with one. */
  private void reward(SessionName name, Exchange exchange) {
    Sessions.Found found = sessions.require(name);
    if (found.reward().isEmpty()) {
      throw new ApiException(
          ApiError.notFound("no_reward", "session %s: open, it has no reward yet".formatted(name)));
    }
    exchange.answer(200, SessionJson.ended(name, found.session().summary(), found.reward()));
  }

  private void delete(SessionName name, Exchange exchange) {
    sessions
        .forget(name)
        .ifPresentOrElse(
            ended ->
                exchange.answer(
                    200, SessionJson.ended(name, ended.session().summary(), ended.reward())),
            () -> end(name, OptionalDouble.empty(), exchange));
  }

  private void end(SessionName name, OptionalDouble reward, Exchange exchange) {
    var _ =
        sessions
            .end(name, reward)
            .whenComplete(
                (summary, failure) -> {
                  if (failure == null) {
                    exchange.answer(200, SessionJson.ended(name, summary, reward));
                  } else {
                    exchange.answer(ServerErrors.of(failure));
                  }
                });
  }
}
