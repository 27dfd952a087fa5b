package dev.freshet.http;

/** Ends the handling of a request with an error answer. */
public final class ApiException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient ApiError error;

  public ApiException(ApiError error) {
    super(error.body().message());
    this.error = error;
  }

  public ApiError error() {
    return error;
  }
}
