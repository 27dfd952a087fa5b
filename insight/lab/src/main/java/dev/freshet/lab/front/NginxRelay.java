package dev.freshet.lab.front;

import dev.freshet.process.OpenFiles;
import dev.freshet.process.OwnedProcess;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * nginx as a relay of streams, for comparison: one worker, no buffering, kept connections to the
 * server. It has its own configuration and does not use the machine's.
 */
public final class NginxRelay implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(10);
  private static final int CONNECT_MS = 1000;

  /** Connections besides two a stream. */
  private static final int RESERVE = 256;

  /** nginx closes new connections when fewer than a sixteenth of its connections are free. */
  private static final int SPARE_PART = 4;

  private final OwnedProcess process;
  private final URI url;

  private NginxRelay(OwnedProcess process, URI url) {
    this.process = process;
    this.url = url;
  }

  /** Whether {@code nginx} can be started and may open as many files as {@code streams} need. */
  public static boolean canRelay(Path nginx, int streams) {
    return Files.isExecutable(nginx) && connections(streams) <= OpenFiles.limit();
  }

  private static int connections(int streams) {
    return 2 * streams + RESERVE;
  }

  /**
   * Starts nginx and waits until it listens.
   *
   * @param dir the directory for its files
   * @param servers the servers behind it, which get requests in turn
   * @param streams the most streams at once
   */
  public static NginxRelay start(Path nginx, Path dir, List<URI> servers, int streams)
      throws IOException, InterruptedException {
    int connections = connections(streams);
    int port = freePort();
    Path file =
        Files.writeString(
            dir.resolve("nginx.conf"), configuration(dir, port, servers, connections));
    OwnedProcess process =
        OwnedProcess.start(
            "nginx",
            List.of(
                nginx.toString(),
                "-p",
                dir.toString(),
                "-e",
                dir.resolve("nginx.log").toString(),
                "-c",
                file.toString()),
            dir.resolve("nginx.txt"));
    try {
      boolean _ = process.await(_ -> listening(port), START);
      return new NginxRelay(process, URI.create("http://127.0.0.1:" + port));
    } catch (IOException | InterruptedException | RuntimeException e) {
      process.close();
      throw e;
    }
  }

  private static String configuration(Path dir, int port, List<URI> servers, int connections) {
    return """
    daemon off;
    user %s;
    worker_processes 1;
    worker_rlimit_nofile %d;
    pid %s/nginx.pid;
    events { worker_connections %d; }
    http {
      access_log off;
      client_body_temp_path %s/body;
      proxy_temp_path %s/proxy;
      fastcgi_temp_path %s/fastcgi;
      uwsgi_temp_path %s/uwsgi;
      scgi_temp_path %s/scgi;
      upstream server { %s keepalive %d; }
      server {
        listen 127.0.0.1:%d backlog=4096;
        location / {
          proxy_pass http://server;
          proxy_http_version 1.1;
          proxy_set_header Connection "";
          proxy_buffering off;
        }
      }
    }
    """
        .formatted(
            System.getProperty("user.name"),
            connections,
            dir,
            connections + connections / SPARE_PART,
            dir,
            dir,
            dir,
            dir,
            dir,
            servers.stream()
                .map(server -> "server " + server.getAuthority() + ";")
                .collect(Collectors.joining(" ")),
            connections / 2,
            port);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static Optional<Boolean> listening(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_MS);
      return Optional.of(true);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  public URI url() {
    return url;
  }

  public ProcessHandle handle() {
    return process.handle();
  }

  @Override
  public void close() {
    process.close();
  }
}
