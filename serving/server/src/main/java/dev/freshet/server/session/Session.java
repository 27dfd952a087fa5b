package dev.freshet.server.session;

import dev.freshet.text.Tokenizer;
import dev.freshet.wire.ChatRequest;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The turns of one agent, token-exact. A prompt that continues an earlier turn has the tokens of
 * that turn, sampled ones included: they are never encoded again. Only what follows them is
 * tokenized. A prompt whose text differs from that turn's, or whose tokens cannot be told apart
 * where the turn ends, is tokenized as a whole and begins a branch. Thread-safe; no method blocks
 * on anything but the tokenizer.
 */
public final class Session {
  /** The tokens of a prompt on which the text of the next token can depend. */
  private static final int CONTEXT = 4;

  private final SessionName name;
  private final Tokenizer tokenizer;
  private final TurnTree tree = new TurnTree();
  private final TextMarks texts = new TextMarks();

  /** Turns by the identities of their conversation with their answer. */
  private final Map<String, Turn> answered = new HashMap<>();

  /** The identities of the conversations that were continued. */
  private final Set<String> asked = new HashSet<>();

  private SessionSummary summary = SessionSummary.NONE;
  private long bytes;

  /**
   * @param tokenizer tokenizes what follows earlier turns; it must outlive the session
   */
  public Session(SessionName name, Tokenizer tokenizer) {
    this.name = name;
    this.tokenizer = tokenizer;
  }

  public SessionName name() {
    return name;
  }

  /** The prompt of a call that has token ids. */
  public TurnPrompt ofTokens(String model, int[] ids) {
    return placed(model, ids, Optional.empty(), Optional.empty());
  }

  /**
   * The prompt of a call that has a text.
   *
   * @param encode tokenizes a text that continues no turn
   */
  public TurnPrompt ofText(String model, String text, Function<String, int[]> encode) {
    return extended(model, text, Optional.empty())
        .orElseGet(() -> placed(model, encode.apply(text), Optional.of(text), Optional.empty()));
  }

  /**
   * The prompt of a chat.
   *
   * @param text the chat as its template renders it
   * @param render renders the first messages of a chat alone, without the beginning of an answer
   * @param encode tokenizes a text that continues no turn
   */
  public TurnPrompt ofChat(
      String model,
      ChatRequest chat,
      String text,
      Function<ChatRequest, String> render,
      Function<String, int[]> encode) {
    if (chat.continueFinalMessage()) {
      return ofText(model, text, encode); // The answer is no message of its own.
    }
    Conversation conversation = Conversation.of(model, chat);
    return extended(model, text, Optional.of(conversation))
        .or(() -> bridged(chat, conversation, text, render))
        .orElseGet(
            () -> placed(model, encode.apply(text), Optional.of(text), Optional.of(conversation)));
  }

  /** A text that begins with the whole text of an earlier turn. */
  private Optional<TurnPrompt> extended(
      String model, String text, Optional<Conversation> conversation) {
    Optional<TextMarks.Found> found;
    synchronized (this) {
      found = texts.longest(model, text);
    }
    return found.flatMap(
        earlier -> after(earlier.turn(), text.substring(earlier.length()), text, conversation));
  }

  /**
   * A chat that begins with the messages of an earlier turn and its answer, which the template
   * writes otherwise than the model did. The sampled tokens stand for the answer, if the template
   * ends it with the special token that the model ended it with.
   */
  private Optional<TurnPrompt> bridged(
      ChatRequest chat,
      Conversation conversation,
      String text,
      Function<ChatRequest, String> render) {
    OptionalInt answers = lastAnswer(conversation);
    if (answers.isEmpty()) {
      return Optional.empty();
    }
    Turn turn;
    synchronized (this) {
      turn = answered.get(conversation.beginnings().get(answers.getAsInt()));
    }
    int[] sampled = turn == null ? new int[0] : turn.sampled().ids();
    if (turn == null || !tokenizer.isSpecial(sampled[sampled.length - 1])) {
      return Optional.empty();
    }
    String end = tokenizer.text(sampled[sampled.length - 1]);
    String before = render.apply(chat.beginning(answers.getAsInt() + 1));
    int ended = before.lastIndexOf(end);
    return ended < 0 || !text.startsWith(before)
        ? Optional.empty()
        : after(turn, text.substring(ended + end.length()), text, Optional.of(conversation));
  }

  /** The index of the last message that is the answer of a turn. */
  private synchronized OptionalInt lastAnswer(Conversation conversation) {
    List<String> beginnings = conversation.beginnings();
    return IntStream.iterate(beginnings.size() - 1, i -> i >= 0, i -> i - 1)
        .filter(i -> answered.containsKey(beginnings.get(i)))
        .findFirst();
  }

  private Optional<TurnPrompt> after(
      Turn turn, String rest, String text, Optional<Conversation> conversation) {
    int[] kept = turn.tokens();
    return Seam.after(kept, rest, tokenizer)
        .map(
            ids ->
                new TurnPrompt(
                    IntStream.concat(IntStream.of(kept), IntStream.of(ids)).toArray(),
                    Optional.of(turn),
                    PrefixKind.EXTENDED,
                    Optional.of(text),
                    conversation));
  }

  private synchronized TurnPrompt placed(
      String model, int[] ids, Optional<String> text, Optional<Conversation> conversation) {
    TurnTree.Place place = tree.place(model, ids);
    PrefixKind prefix =
        place.broken() || conversation.filter(this::continues).isPresent()
            ? PrefixKind.BROKEN
            : place.parent().isPresent() ? PrefixKind.EXTENDED : PrefixKind.NEW;
    return new TurnPrompt(ids, place.parent(), prefix, text, conversation);
  }

  /** Whether an earlier call had the first messages of a chat, and not all of them. */
  private boolean continues(Conversation conversation) {
    List<String> beginnings = conversation.beginnings();
    return beginnings.subList(0, beginnings.size() - 1).stream().anyMatch(asked::contains);
  }

  /**
   * Adds the turn that answers a prompt.
   *
   * @param sampled at least one token
   * @param answer the message that the client got, if the call is a chat
   */
  public Turn add(
      TurnPrompt prompt,
      SampledTokens sampled,
      TurnCall call,
      Optional<Map<String, @Nullable Object>> answer) {
    String raw = prompt.text().map(text -> text + decode(prompt.ids(), sampled.ids())).orElse("");
    synchronized (this) {
      Turn turn =
          new Turn(
              tree.turns().size() + 1,
              prompt.parent(),
              prompt.prefix(),
              prompt.own(),
              sampled,
              call);
      tree.add(turn);
      if (prompt.text().isPresent()) {
        texts.add(call.model(), raw, turn);
      }
      prompt
          .conversation()
          .ifPresent(
              conversation -> {
                asked.add(conversation.identity());
                answer.ifPresent(
                    message ->
                        conversation
                            .withAnswer(message)
                            .forEach(identity -> answered.put(identity, turn)));
              });
      bytes += turn.bytes();
      summary = summary.with(turn, tree.leafCount());
      return turn;
    }
  }

  /** What was sampled after a prompt, as text with its special tokens. */
  private String decode(int[] prompt, int[] ids) {
    int[] context = Arrays.copyOfRange(prompt, Math.max(0, prompt.length - CONTEXT), prompt.length);
    String before = tokenizer.decode(context, false);
    String whole =
        tokenizer.decode(
            IntStream.concat(IntStream.of(context), IntStream.of(ids)).toArray(), false);
    return whole.startsWith(before) ? whole.substring(before.length()) : whole;
  }

  /** The branches, in the order of their last turns. */
  public synchronized List<Branch> branches() {
    return tree.leaves().stream().map(Branch::to).toList();
  }

  /** How much it has captured. */
  public synchronized SessionSummary summary() {
    return summary;
  }

  /** About the bytes that its turns occupy. */
  public synchronized long bytes() {
    return bytes;
  }
}
