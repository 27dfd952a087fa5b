package dev.freshet.wire;

/** The version of Freshet, as its servers and its command line report it. */
public final class Version {
  public static final String NUMBER = "0.1.0";

  private Version() {}
}
