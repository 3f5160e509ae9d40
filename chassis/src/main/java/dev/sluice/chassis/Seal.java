package dev.sluice.chassis;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// Closes texts so that only who knows a phrase can open them: AES-256-GCM under SHA-256 of the phrase, a fresh nonce before each text.
final class Seal {
  private static final int NONCE = 12;
  private static final int TAG_BITS = 128;
  private static final SecureRandom RANDOM = new SecureRandom();
  private final SecretKeySpec key;

  Seal(String phrase) {
    this.key = new SecretKeySpec(Ids.hash("seal\n" + phrase), "AES");
  }

  String close(String text) {
    var nonce = new byte[NONCE];
    RANDOM.nextBytes(nonce);
    var closed = run(Cipher.ENCRYPT_MODE, nonce, text.getBytes(StandardCharsets.UTF_8));
    return Base64.getEncoder().encodeToString(ByteBuffer.allocate(NONCE + closed.length).put(nonce).put(closed).array());
  }

  /// @throws IllegalStateException if it was closed under another phrase, or altered
  String open(String closed) {
    var all = ByteBuffer.wrap(Base64.getDecoder().decode(closed));
    var nonce = new byte[NONCE];
    all.get(nonce);
    var rest = new byte[all.remaining()];
    all.get(rest);
    return new String(run(Cipher.DECRYPT_MODE, nonce, rest), StandardCharsets.UTF_8);
  }

  private byte[] run(int mode, byte[] nonce, byte[] input) {
    try {
      var cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
      return cipher.doFinal(input);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("cannot be opened", e);
    }
  }
}
