package dev.sluice.chassis;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HexFormat;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import javax.crypto.KDF;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// Where ids and secrets come from. Else a service knows chance only in the numbers of a [Trace], in the nonce of a [Seal] and in the fault switch of [Asks].
public final class Ids {
  private final Consumer<byte[]> random;
  private final InstantSource clock;

  public Ids(InstantSource clock) { this(clock, new SecureRandom()::nextBytes); }

  private Ids(InstantSource clock, Consumer<byte[]> random) {
    this.clock = clock;
    this.random = random;
  }

  /// Gives the same ids and secrets each time that it is made of the same secret and moment. For one thread.
  static Ids drawnFrom(String secret, Instant at) {
    var key = new SecretKeySpec(hash(secret), "HKDF");
    var count = new AtomicInteger();
    return new Ids(InstantSource.fixed(at), bytes -> {
      var place = ByteBuffer.allocate(Integer.BYTES).putInt(count.getAndIncrement()).array();
      try {
        var drawn = KDF.getInstance("HKDF-SHA256").deriveData(HKDFParameterSpec.expandOnly(key, place, bytes.length));
        System.arraycopy(drawn, 0, bytes, 0, bytes.length);
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("every JDK has HKDF", e);
      }
    });
  }

  /// A UUID of version 7 (RFC 9562): sorts by the time of its making.
  public String next() {
    byte[] bytes = new byte[16];
    random.accept(bytes);
    ByteBuffer.wrap(bytes).putShort((short) (clock.millis() >>> 32)).putInt((int) clock.millis());
    bytes[6] = (byte) (bytes[6] & 0x0f | 0x70);
    bytes[8] = (byte) (bytes[8] & 0x3f | 0x80);
    var buffer = ByteBuffer.wrap(bytes);
    return new UUID(buffer.getLong(), buffer.getLong()).toString();
  }

  /// Whether a text is an id that an operator may give: 1 to 128 of `A-Za-z0-9._:-`, and no `.` or `..`, which are no part of a path.
  public static boolean isId(String text) {
    if (text.isEmpty() || text.length() > 128 || text.equals(".") || text.equals("..")) return false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean plain = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
      if (!plain && "._:-".indexOf(c) < 0) return false;
    }
    return true;
  }

  /// A secret of 256 bits that nobody can guess; keep only its [#hash].
  public String secret() {
    byte[] bytes = new byte[32];
    random.accept(bytes);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  private static final String OF_INSTANCES = "instance-";

  /// A secret for an instance; it says so at its beginning, so that every service knows what it is not for.
  public String instanceToken() { return OF_INSTANCES + secret(); }

  public static boolean isInstanceToken(String token) { return token.startsWith(OF_INSTANCES); }

  /// SHA-256 of a secret. A secret of 256 random bits needs neither salt nor stretching.
  public static byte[] hash(String secret) { return sha256().digest(secret.getBytes(java.nio.charset.StandardCharsets.UTF_8)); }

  /// Whether a secret has this hash, in constant time.
  public static boolean matches(String secret, byte[] hash) { return MessageDigest.isEqual(hash(secret), hash); }

  public static String hex(byte[] bytes) { return HexFormat.of().formatHex(bytes); }

  public static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
