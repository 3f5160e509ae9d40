package dev.sluice.agent;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/// Makes gzipped tars, also such as nobody should.
final class Tarball {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final TarArchiveOutputStream tar;

  Tarball() { this("UTF-8"); }

  /// @param encoding of names
  Tarball(String encoding) {
    try {
      tar = new TarArchiveOutputStream(new GZIPOutputStream(bytes), encoding);
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// A release of a module: a file that names the version, and its own apply and health commands.
  static Tarball release(String version, String apply, String health) {
    return new Tarball().folder("bin").file("VERSION", version).script("bin/apply", apply).script("bin/health", health);
  }

  Tarball folder(String name, int mode) {
    var entry = new TarArchiveEntry(name + "/", true);
    entry.setMode(mode);
    return entry(entry, new byte[0]);
  }

  Tarball folder(String name) { return entry(new TarArchiveEntry(name + "/", true), new byte[0]); }

  Tarball file(String name, String content) { return file(name, content.getBytes(StandardCharsets.UTF_8)); }

  Tarball file(String name, byte[] content) { return entry(new TarArchiveEntry(name, true), content); }

  Tarball script(String name, String lines) { return script(name, lines, 0755); }

  Tarball script(String name, String lines, int mode) {
    var entry = new TarArchiveEntry(name, true);
    entry.setMode(mode);
    return entry(entry, ("#!/bin/sh\n" + lines + "\n").getBytes(StandardCharsets.UTF_8));
  }

  Tarball link(String name, String target) { return linked(name, target, TarArchiveEntry.LF_SYMLINK); }

  Tarball hardLink(String name, String target) { return linked(name, target, TarArchiveEntry.LF_LINK); }

  /// A GNU header that carries the name of the entry after it.
  Tarball header(byte[] longName) {
    return entry(new TarArchiveEntry("././@LongLink", TarArchiveEntry.LF_GNUTYPE_LONGNAME, true), longName);
  }

  /// A pax header, of the entry after it.
  Tarball says(String key, String value) {
    String said = " " + key + "=" + value + "\n";
    int length = said.length() + 1;
    while (Integer.toString(length).length() + said.length() != length)
      length++;
    return entry(new TarArchiveEntry("././@PaxHeader", TarArchiveEntry.LF_PAX_EXTENDED_HEADER_LC, true),
        (length + said).getBytes(StandardCharsets.UTF_8));
  }

  /// A pax header of all entries after it.
  Tarball saysOfAll(String key, String value) {
    try {
      var entry = new TarArchiveEntry("././@PaxHeader", TarArchiveEntry.LF_PAX_GLOBAL_EXTENDED_HEADER, true);
      entry.addPaxHeader(key, value);
      tar.putArchiveEntry(entry);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// So many pax headers that say nothing, one after the other, for the entry after them.
  Tarball emptyHeaders(int count) {
    for (int i = 0; i < count; i++)
      special("x", TarArchiveEntry.LF_PAX_EXTENDED_HEADER_LC);
    return this;
  }

  Tarball special(String name, byte kind) { return entry(new TarArchiveEntry(name, kind, true), new byte[0]); }

  byte[] bytes() {
    try {
      tar.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  static String digest(byte[] content) {
    MessageDigest digest = Manifest.sha256();
    digest.update(content);
    return "sha256:" + HexFormat.of().formatHex(digest.digest());
  }

  private Tarball linked(String name, String target, byte kind) {
    var entry = new TarArchiveEntry(name, kind, true);
    entry.setLinkName(target);
    return entry(entry, new byte[0]);
  }

  private Tarball entry(TarArchiveEntry entry, byte[] content) {
    try {
      entry.setSize(content.length);
      tar.putArchiveEntry(entry);
      tar.write(content);
      tar.closeArchiveEntry();
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
