package dev.freshet.client;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLException;

/**
 * TLS over a blocking connection whose reads and writes have deadlines of their own. Used by one
 * thread.
 */
final class TlsStream {
  /** The connection that carries the encrypted bytes. */
  interface Carrier {
    /** Reads at least one byte, or −1 at the end. */
    int read(byte[] bytes) throws IOException;

    /** Writes all bytes. */
    void write(ByteBuffer bytes) throws IOException;
  }

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final SSLEngine engine;
  private final Carrier carrier;
  private final byte[] arrived;

  /** Encrypted bytes that are not decrypted yet, from 0 to the position. */
  private final ByteBuffer encrypted;

  /** Decrypted bytes that are not read yet, from 0 to the position. */
  private final ByteBuffer decrypted;

  private final ByteBuffer leaving;

  TlsStream(SSLEngine engine, Carrier carrier) {
    this.engine = engine;
    this.carrier = carrier;
    int packet = engine.getSession().getPacketBufferSize();
    this.arrived = new byte[packet];
    this.encrypted = ByteBuffer.allocate(2 * packet);
    this.leaving = ByteBuffer.allocate(packet);
    this.decrypted = ByteBuffer.allocate(2 * engine.getSession().getApplicationBufferSize());
  }

  /**
   * Agrees on keys and verifies the server.
   *
   * @throws SSLException if the server is not the one, or speaks no TLS
   */
  void handshake() throws IOException {
    engine.beginHandshake();
    negotiate();
  }

  /** Does what the engine needs before it can carry more bytes. */
  private void negotiate() throws IOException {
    while (true) {
      switch (engine.getHandshakeStatus()) {
        case NEED_TASK -> {
          for (Runnable task = engine.getDelegatedTask();
              task != null;
              task = engine.getDelegatedTask()) {
            task.run();
          }
        }
        case NEED_WRAP -> wrap(NOTHING.duplicate());
        case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
          if (!unwrap()) {
            throw new EOFException("the server closed the connection during the TLS handshake");
          }
        }
        case FINISHED, NOT_HANDSHAKING -> {
          return;
        }
      }
    }
  }

  /** Encrypts and writes all bytes. */
  void write(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      wrap(bytes);
    }
  }

  private void wrap(ByteBuffer bytes) throws IOException {
    leaving.clear();
    SSLEngineResult result = engine.wrap(bytes, leaving);
    if (result.getStatus() != SSLEngineResult.Status.OK) {
      throw new SSLException("TLS ended while it was written to: " + result.getStatus());
    }
    carrier.write(leaving.flip());
  }

  /**
   * Reads at least one decrypted byte, or −1 at the end.
   *
   * @throws SSLException if the connection ends and the server has not said so
   */
  int read(byte[] bytes) throws IOException {
    while (decrypted.position() == 0) {
      if (!unwrap()) {
        engine.closeInbound();
        return -1;
      }
      negotiate();
    }
    decrypted.flip();
    int count = Math.min(bytes.length, decrypted.remaining());
    decrypted.get(bytes, 0, count);
    decrypted.compact();
    return count;
  }

  /** Decrypts one record, for which it reads as much as it needs; false at the end. */
  private boolean unwrap() throws IOException {
    while (true) {
      encrypted.flip();
      SSLEngineResult result = engine.unwrap(encrypted, decrypted);
      encrypted.compact();
      switch (result.getStatus()) {
        case OK -> {
          return true;
        }
        case CLOSED -> {
          return false;
        }
        case BUFFER_OVERFLOW ->
            throw new SSLException("a TLS record has more bytes than the protocol allows");
        case BUFFER_UNDERFLOW -> {
          int count = carrier.read(arrived);
          if (count < 0) {
            return false;
          }
          encrypted.put(arrived, 0, count);
        }
      }
    }
  }
}
