package dev.freshet.server;

import static dev.freshet.http.JsonBuffer.ascii;

import dev.freshet.http.JsonBuffer;

/** How logprobs name tokens. Thread-safe. */
interface TokenNames {
  /** By their ids: {@code token_id:N}. */
  TokenNames IDS =
      new TokenNames() {
        @Override
        public byte[] of(int token) {
          return ascii("\"token_id:" + token + '"');
        }

        @Override
        public int[] offsets(int[] tokens) {
          int[] offsets = new int[tokens.length];
          for (int i = 1; i < tokens.length; i++) {
            offsets[i] = offsets[i - 1] + of(tokens[i - 1]).length - 2;
          }
          return offsets;
        }

        @Override
        public byte[] bytesOf(int token) {
          byte[] name = ascii("token_id:" + token);
          JsonBuffer json = new JsonBuffer();
          for (int i = 0; i < name.length; i++) {
            json.comma(i).integer(name[i]);
          }
          return json.toBytes();
        }
      };

  /** The token's name as a quoted JSON string; the caller must not modify it. */
  byte[] of(int token);

  /** Where the names of tokens begin that follow each other, in code points. */
  int[] offsets(int[] tokens);

  /**
   * The bytes of its name in UTF-8, separated by commas; those that it adds to a text if they are
   * only a part of a character. The caller must not modify it.
   */
  byte[] bytesOf(int token);
}
