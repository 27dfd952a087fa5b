package dev.freshet.text.grammar;

import dev.freshet.text.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The bytes of a vocabulary's tokens. Special tokens have no bytes, but for those that are named as
 * tags. Where so many plain characters may follow that all short plain tokens may, only the others
 * are walked. Immutable and thread-safe.
 */
public final class TokenTrie {
  /** The numbers of characters of the plain tokens of a {@link ShortTokens}, the largest first. */
  private static final int[] CHARACTERS = {32, 16, 8, 4};

  /**
   * The plain tokens of at most so many characters.
   *
   * @param tokens a bit each
   * @param others all other tokens
   */
  private record ShortTokens(int characters, long[] tokens, ByteTrie others) {}

  private final byte[][] byId;
  private final ByteTrie all;
  private final List<ShortTokens> shorts = new ArrayList<>();

  private TokenTrie(List<ByteTrie.Token> tokens, int vocabSize) {
    this.byId = new byte[vocabSize][0];
    tokens.forEach(token -> byId[token.id()] = token.bytes());
    this.all = new ByteTrie(tokens);
    int[] lengths =
        tokens.stream()
            .mapToInt(token -> PlainText.characters(token.bytes()).orElse(Integer.MAX_VALUE))
            .toArray();
    for (int characters : CHARACTERS) {
      shorts.add(shortOf(tokens, lengths, characters));
    }
  }

  /**
   * The trie of a tokenizer's vocabulary.
   *
   * @param tags special tokens that stand for their own text
   */
  public static TokenTrie of(Tokenizer tokenizer, Set<String> tags) {
    List<ByteTrie.Token> tokens = new ArrayList<>();
    for (int id = 0; id < tokenizer.vocabSize(); id++) {
      Optional<byte[]> bytes = tokenizer.bytes(id, tags);
      if (bytes.isPresent() && bytes.get().length > 0) {
        tokens.add(new ByteTrie.Token(id, bytes.get()));
      }
    }
    return new TokenTrie(tokens, tokenizer.vocabSize());
  }

  private ShortTokens shortOf(List<ByteTrie.Token> tokens, int[] lengths, int characters) {
    long[] bits = new long[words()];
    List<ByteTrie.Token> others = new ArrayList<>();
    for (int i = 0; i < lengths.length; i++) {
      int id = tokens.get(i).id();
      if (lengths[i] <= characters) {
        bits[id >> 6] |= 1L << id;
      } else {
        others.add(tokens.get(i));
      }
    }
    return new ShortTokens(characters, bits, new ByteTrie(others));
  }

  /** One more than the highest id. */
  public int vocabSize() {
    return byId.length;
  }

  /** The words of a set of tokens that has a bit for each. */
  int words() {
    return (byId.length + Long.SIZE - 1) / Long.SIZE;
  }

  /** The bytes of a token; none if it is not in the trie. */
  byte[] bytes(int id) {
    return byId[id];
  }

  /**
   * The tokens that may follow in a state, a bit each.
   *
   * @param plain how much plain text may follow in the states of the grammar
   */
  long[] following(ByteGrammar grammar, PlainText plain, long state) {
    int free = plain.free(state, CHARACTERS[0]);
    for (ShortTokens one : shorts) {
      if (one.characters <= free) {
        long[] bits = one.tokens.clone();
        one.others.collect(grammar, state, bits);
        return bits;
      }
    }
    long[] bits = new long[words()];
    all.collect(grammar, state, bits);
    return bits;
  }
}
