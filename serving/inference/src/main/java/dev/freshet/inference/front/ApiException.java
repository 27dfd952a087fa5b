package dev.freshet.inference.front;

/** Ends the handling of a request with an error that its client is to see. */
final class ApiException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient ApiError error;

  ApiException(ApiError error) {
    super(error.body().message());
    this.error = error;
  }

  ApiError error() {
    return error;
  }
}
