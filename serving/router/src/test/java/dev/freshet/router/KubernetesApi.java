package dev.freshet.router;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * An API server on a real socket, as far as a client lists and watches EndpointSlices: a list has a
 * version, a watch sends the changes since a version as lines of JSON, and both end when it stops.
 * It forgets old changes, after which a watch from before them is answered 410, and sends bookmarks
 * to clients that ask for them. It takes no WebSocket, so that clients watch by HTTP.
 */
final class KubernetesApi implements AutoCloseable {
  private static final String LABEL = "labelSelector=kubernetes.io%2Fservice-name%3Dpolicy";
  private static final String PATH =
      "/apis/discovery.k8s.io/v1/namespaces/inference/endpointslices";

  private static final String GONE =
      "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"too"
          + " old resource version\",\"reason\":\"Expired\",\"code\":410}";
  private static final String UNAUTHORIZED =
      "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"Unauthorized\",\"reason\":\"Unauthorized\",\"code\":401}";

  private record Change(long version, String line) {}

  private final Map<String, String> slices = new LinkedHashMap<>();
  private final List<Change> changes = new ArrayList<>();
  private final int port;
  private HttpServer server;
  private ExecutorService threads = Executors.newCachedThreadPool();
  private long version = 1;

  /** The first version from which a watch may begin. */
  private long oldest = 1;

  /** Counts the ends of all watches. */
  private int ends;

  /** Whether a watch from a forgotten version is answered 200 and an event, else by its status. */
  volatile boolean goneAsEvent;

  /** The bearer token that it takes; any if empty. */
  volatile String token = "";

  /** How often the slices were listed. */
  final AtomicInteger lists = new AtomicInteger();

  /** The versions from which the slices were watched. */
  final List<Long> watchedFrom = new CopyOnWriteArrayList<>();

  /** The requests that asked for something else than it has. */
  final List<String> unknown = new ArrayList<>();

  KubernetesApi() throws IOException {
    server = listen(0);
    port = server.getAddress().getPort();
  }

  String url() {
    return "http://127.0.0.1:" + port;
  }

  private HttpServer listen(int at) throws IOException {
    HttpServer listening =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), at), 0);
    listening.setExecutor(threads);
    listening.createContext("/", this::answer);
    listening.start();
    return listening;
  }

  /** Ends, with all connections. */
  void stop() {
    server.stop(0);
    threads.shutdownNow();
    threads = Executors.newCachedThreadPool();
  }

  /** Starts again at the same port. */
  void start() throws IOException {
    for (int tries = 1; ; tries++) {
      try {
        server = listen(port);
        return;
      } catch (BindException e) {
        if (tries == 1000) {
          throw e;
        }
        LockSupport.parkNanos(10_000_000);
      }
    }
  }

  /** Adds or changes a slice with one port and endpoints, each as JSON. */
  synchronized void put(String name, String type, int portNumber, String... endpoints) {
    String ports = "[{\"name\":\"http\",\"port\":%d,\"protocol\":\"TCP\"}]".formatted(portNumber);
    put(name, type, ports, endpoints);
  }

  /** Adds or changes a slice. */
  synchronized void put(String name, String type, String ports, String... endpoints) {
    String event = slices.containsKey(name) ? "MODIFIED" : "ADDED";
    version++;
    slices.put(
        name,
        """
        {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"%s","namespace":"inference",\
        "uid":"%s","resourceVersion":"%d","labels":{"kubernetes.io/service-name":"policy"}},\
        "addressType":"%s","endpoints":[%s],"ports":%s}"""
            .formatted(name, name, version, type, String.join(",", endpoints), ports));
    change(event, name);
  }

  /** Removes a slice. */
  synchronized void remove(String name) {
    version++;
    change("DELETED", name);
    slices.remove(name);
  }

  /** Other objects change: clients that watch learn the version that they have seen. */
  synchronized void bookmark() {
    version += 100;
    changes.add(
        new Change(
            version,
            """
            {"type":"BOOKMARK","object":{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice",\
            "metadata":{"resourceVersion":"%d","creationTimestamp":null}}}
            """
                .formatted(version)));
    notifyAll();
  }

  /** Forgets all changes so far, and counts other ones if {@code others}. */
  synchronized void forget(boolean others) {
    version += others ? 100 : 0;
    oldest = version;
  }

  /** Ends every watch once it has sent all changes, as a server does after some minutes. */
  synchronized void endWatches() {
    ends++;
    notifyAll();
  }

  private void change(String event, String name) {
    changes.add(
        new Change(
            version, "{\"type\":\"%s\",\"object\":%s}\n".formatted(event, slices.get(name))));
    notifyAll();
  }

  /** An endpoint; without a statement about readiness if {@code ready} is empty. */
  static String endpoint(String address, String ready) {
    String conditions = ready.isEmpty() ? "" : ",\"conditions\":{\"ready\":%s}".formatted(ready);
    return "{\"addresses\":[\"%s\"]%s}".formatted(address, conditions);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String query = exchange.getRequestURI().getRawQuery();
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    String authorization = exchange.getRequestHeaders().getFirst("Authorization");
    if (!token.isEmpty() && !("Bearer " + token).equals(authorization)) {
      send(exchange, 401, UNAUTHORIZED);
    } else if (!exchange.getRequestURI().getPath().equals(PATH) || !query.contains(LABEL)) {
      unknown.add(exchange.getRequestURI().toString());
      exchange.sendResponseHeaders(404, -1);
    } else if (exchange.getRequestHeaders().containsKey("Sec-WebSocket-Key")) {
      exchange.sendResponseHeaders(200, -1);
    } else if (query.contains("watch=true")) {
      watch(exchange, Long.parseLong(query.replaceFirst(".*resourceVersion=(\\d+).*", "$1")));
    } else {
      lists.incrementAndGet();
      send(exchange, 200, list());
    }
    exchange.close();
  }

  private static void send(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  private synchronized String list() {
    return "{\"apiVersion\":\"discovery.k8s.io/v1\",\"kind\":\"EndpointSliceList\",\"metadata\":{\"resourceVersion\":\"%d\"},\"items\":[%s]}"
        .formatted(version, String.join(",", slices.values()));
  }

  private void watch(HttpExchange exchange, long from) throws IOException {
    int endsBefore = ends();
    watchedFrom.add(from);
    boolean forgotten = isForgotten(from);
    if (forgotten && !goneAsEvent) {
      send(exchange, 410, GONE);
      return;
    }
    exchange.sendResponseHeaders(200, 0);
    exchange.getResponseBody().flush();
    if (forgotten) {
      write(exchange, "{\"type\":\"ERROR\",\"object\":%s}\n".formatted(GONE));
      return;
    }
    boolean bookmarks = exchange.getRequestURI().getRawQuery().contains("allowWatchBookmarks=true");
    long sent = from;
    try {
      for (Optional<Change> next = next(sent, endsBefore);
          next.isPresent();
          next = next(sent, endsBefore)) {
        if (bookmarks || !next.get().line().contains("BOOKMARK")) {
          write(exchange, next.get().line());
        }
        sent = next.get().version();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // Stopped.
    }
  }

  private static void write(HttpExchange exchange, String line) throws IOException {
    exchange.getResponseBody().write(line.getBytes(StandardCharsets.UTF_8));
    exchange.getResponseBody().flush();
  }

  private synchronized boolean isForgotten(long from) {
    return from < oldest;
  }

  private synchronized int ends() {
    return ends;
  }

  /** The first change after a version; empty if there is none and all watches end. */
  private synchronized Optional<Change> next(long after, int endsBefore)
      throws InterruptedException {
    while (true) {
      for (Change change : changes) {
        if (change.version() > after) {
          return Optional.of(change);
        }
      }
      if (ends != endsBefore) {
        return Optional.empty();
      }
      wait();
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
    if (!unknown.isEmpty()) {
      throw new UncheckedIOException(new IOException("unexpected requests: " + unknown));
    }
  }
}
