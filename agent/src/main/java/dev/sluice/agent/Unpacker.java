package dev.sluice.agent;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.MessageDigest;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/// Unpacks a gzipped tar that nobody trusts into an empty folder. The whole archive is refused for
/// - a name that is absolute, goes up, has control characters, is no UTF-8 or comes twice;
/// - an entry below a link, and a link that points out;
/// - anything but files, folders and links: devices, pipes, sparse files;
/// - more entries, bytes or expansion than the limits allow, also in headers.
///
/// Links stay inside by construction: no entry lies below a link, a target's `..` stand only at its front and do not leave the
/// folder, so each step of following one ends inside again. Owners and set-id bits are dropped. The owner can always read, and enter
/// and change folders; the folder that all is unpacked into is not the archive's.
final class Unpacker {
  /// The tar reader goes one deeper for each header before an entry; the workers' stacks are small.
  private static final int HEADER_BYTES = 64 << 10;
  private static final long FREE_EXPANSION_BYTES = 16 << 20;
  /// Of a disk's room, what is left to others; less of a small disk.
  private static final long KEPT_BYTES = 64 << 20;
  private static final long LOOK_BYTES = 1 << 20;

  private final Path root;
  private final AgentConfig.Limits limits;
  private final Manifest.Sink manifest;
  private final byte[] buffer = new byte[64 << 10];
  private int entries;
  private long unpacked;
  private long allowed;
  private long looked;

  private Unpacker(Path root, AgentConfig.Limits limits, Manifest.Sink manifest) {
    this.root = root;
    this.limits = limits;
    this.manifest = manifest;
  }

  /// @param root     an empty folder; what is in it after a failure is for the caller to remove
  /// @param manifest takes what was unpacked, in the order of the archive
  static void unpack(Path archive, Path root, AgentConfig.Limits limits, Manifest.Sink manifest) throws IOException, Refused {
    new Unpacker(root, limits, manifest).unpack(archive);
  }

  private void unpack(Path archive) throws IOException, Refused {
    long packed = Files.size(archive);
    allowed = Math.max(Math.max(packed, 1) * limits.ratio(), FREE_EXPANSION_BYTES);
    try (InputStream file = Files.newInputStream(archive);
        var meter = new Meter(gunzip(file));
        var tar = new TarArchiveInputStream(meter, "UTF-8")) {
      for (TarArchiveEntry entry = next(tar, meter); entry != null; entry = next(tar, meter))
        take(entry, tar, meter);
    } catch (InvalidPathException e) {
      throw new Refused("a name cannot be written in this host's encoding: " + e.getInput());
    }
    if (entries == 0) throw new Refused("it is empty");
  }

  private InputStream gunzip(InputStream file) throws Refused {
    try {
      return new GZIPInputStream(file, buffer.length);
    } catch (IOException broken) {
      throw new Refused("it is not a gzipped tar: " + broken.getMessage());
    }
  }

  private static TarArchiveEntry next(TarArchiveInputStream tar, Meter meter) throws Refused {
    meter.allowHeader();
    try {
      return tar.getNextEntry();
    } catch (TooMuch bomb) {
      throw new Refused(bomb.getMessage());
    } catch (IOException | IllegalArgumentException broken) {
      throw new Refused("it is not a whole gzipped tar: " + broken.getMessage());
    } finally {
      meter.allowContent();
    }
  }

  private void take(TarArchiveEntry entry, TarArchiveInputStream tar, Meter meter) throws IOException, Refused {
    count();
    requireFewGlobals(entry);
    String name = entry.getName();
    Path path = inside(name);
    meter.requireLiteral(name);
    meter.requireRelative(name);
    if (EntryName.isLong(entry.getLinkName())) throw new Refused(name + " has a link whose target is too long");
    meter.requireLiteral(entry.getLinkName());
    if (path.equals(root)) {
      if (!isFolder(entry)) throw new Refused(name + " stands for the folder itself");
      return;
    }
    makeFolders(path.getParent(), name);
    if (isFolder(entry)) folder(path, entry);
    else if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) throw new Refused(name + " comes twice");
    else if (entry.isSymbolicLink()) link(path, entry);
    else if (entry.isLink()) hardLink(path, entry);
    else if (entry.isFile() && !entry.isSparse() && isPlain(entry)) file(path, entry, tar);
    else
      throw new Refused(name + " is neither a file, a folder nor a link");
  }

  private void count() throws Refused {
    if (++entries > limits.entries()) throw new Refused("it has more than " + limits.entries() + " entries");
  }

  /// The tar reader carries what a global header says from entry to entry.
  private static void requireFewGlobals(TarArchiveEntry entry) throws Refused {
    long bytes = 0;
    for (Map.Entry<String, String> one : entry.getExtraPaxHeaders().entrySet())
      bytes += one.getKey().length() + one.getValue().length();
    if (bytes > HEADER_BYTES) throw new Refused("its headers take more than " + HEADER_BYTES + " bytes");
  }

  /// Also as old archives say it, by a name that ends so; but no link and no device is a folder by its name.
  private static boolean isFolder(TarArchiveEntry entry) {
    return entry.isDirectory() && !entry.isSymbolicLink() && !entry.isLink() && isPlain(entry);
  }

  private static boolean isPlain(TarArchiveEntry entry) {
    return !entry.isFIFO() && !entry.isCharacterDevice() && !entry.isBlockDevice();
  }

  private Path inside(String name) throws Refused {
    if (name.startsWith("/")) throw new Refused(name + " is absolute");
    if (EntryName.hasControls(name)) throw new Refused("a name has control characters");
    if (EntryName.isLong(name)) throw new Refused("the name " + name.substring(0, 40) + "… is too long");
    Path path = root;
    for (String part : name.split("/")) {
      if (part.equals("..")) throw new Refused(name + " leaves the folder");
      if (EntryName.isLongPart(part))
        throw new Refused("the name " + part.substring(0, 40) + "… is too long");
      if (!part.isEmpty() && !part.equals(".")) path = path.resolve(part);
    }
    return path;
  }

  /// Makes the missing folders down to this one. Each that is there must be a real one.
  private void makeFolders(Path folder, String name) throws IOException, Refused {
    if (folder.equals(root) || Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) return;
    makeFolders(folder.getParent(), name);
    count();
    makeFolder(folder, name);
  }

  private static void makeFolder(Path folder, String name) throws IOException, Refused {
    if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) throw new Refused(name + " lies below a link or a file");
    Files.createDirectory(folder);
  }

  private static void folder(Path path, TarArchiveEntry entry) throws IOException, Refused {
    if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) makeFolder(path, entry.getName());
    Set<PosixFilePermission> permissions = permissions(entry.getMode());
    permissions.addAll(EnumSet.of(PosixFilePermission.OWNER_WRITE, PosixFilePermission.OWNER_EXECUTE));
    Files.setPosixFilePermissions(path, permissions);
  }

  private void link(Path path, TarArchiveEntry entry) throws IOException, Refused {
    String target = entry.getLinkName();
    if (target.isEmpty() || EntryName.isLong(target) || target.startsWith("/") || EntryName.hasControls(target))
      throw new Refused("link " + entry.getName() + " points out: " + target);
    Path place = path.getParent();
    boolean down = false;
    for (String part : target.split("/")) {
      if (!part.equals("..")) {
        down |= !part.isEmpty() && !part.equals(".");
        continue;
      }
      if (down || place.equals(root)) throw new Refused("link " + entry.getName() + " points out: " + target);
      place = place.getParent();
    }
    Files.createSymbolicLink(path, Path.of(target));
    // as it is read back: not each way to write a target outlives a Path
    manifest.add(Manifest.Entry.link(root.relativize(path).toString(), Files.readSymbolicLink(path).toString()));
  }

  private void hardLink(Path path, TarArchiveEntry entry) throws IOException, Refused {
    Path original = inside(entry.getLinkName());
    for (Path part = original; !part.equals(root); part = part.getParent())
      if (Files.isSymbolicLink(part)) throw new Refused("link " + entry.getName() + " goes through a link");
    if (!Files.isRegularFile(original, LinkOption.NOFOLLOW_LINKS))
      throw new Refused("link " + entry.getName() + " names no file of the archive");
    try (InputStream in = Files.newInputStream(original)) {
      copy(in, path, Files.getPosixFilePermissions(original));
    }
  }

  private void file(Path path, TarArchiveEntry entry, TarArchiveInputStream tar) throws IOException, Refused {
    copy(tar, path, permissions(entry.getMode()));
  }

  private void copy(InputStream in, Path path, Set<PosixFilePermission> permissions) throws IOException, Refused {
    MessageDigest digest = Manifest.sha256();
    long size = 0;
    append(path, 0, CREATE_NEW);
    for (int n = read(in); n > 0; n = read(in)) {
      size += n;
      unpacked += n;
      if (unpacked > limits.unpackedBytes()) throw new Refused("it unpacks to more than " + limits.unpackedBytes() + " bytes");
      if (unpacked > allowed)
        throw new Refused(
            "it expands to more than " + allowed + " bytes, which its size and limits.ratio do not allow; hard links are copied");
      leaveRoom();
      digest.update(buffer, 0, n);
      append(path, n, APPEND);
    }
    try (FileChannel whole = FileChannel.open(path, READ)) {
      whole.force(true);
    }
    Files.setPosixFilePermissions(path, permissions);
    manifest.add(new Manifest.Entry(Manifest.hex(digest), size, root.relativize(path).toString(), ""));
  }

  /// The service of the release that runs may write to the same disk. Asked now and then, since it takes a moment.
  private void leaveRoom() throws IOException {
    if (unpacked - looked < LOOK_BYTES) return;
    looked = unpacked;
    long size = root.toFile().getTotalSpace();
    if (size == 0) return; // nobody says
    long kept = Math.min(KEPT_BYTES, size / 20);
    if (root.toFile().getUsableSpace() < kept + LOOK_BYTES)
      throw new IOException("the disk has less than " + (kept + LOOK_BYTES) + " bytes left, which are kept for others");
  }

  /// Writes the first `n` bytes of the buffer. The file is open for writing no longer than that: commands wait for it to start, and one large file, which is
  /// read, unpacked and synced for seconds, must not hold back those of other modules.
  private void append(Path path, int n, OpenOption how) throws IOException {
    Commands.BIRTHS.readLock().lock();
    try (FileChannel out = FileChannel.open(path, WRITE, how)) {
      for (ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, n); bytes.hasRemaining();)
        out.write(bytes);
    } finally {
      Commands.BIRTHS.readLock().unlock();
    }
  }

  /// The archive has the promised sha256, so what cannot be read of it will never be readable.
  ///
  /// @return how many bytes are in the buffer; 0 at the end
  private int read(InputStream in) throws Refused {
    try {
      return in.readNBytes(buffer, 0, buffer.length);
    } catch (IOException broken) {
      throw new Refused(broken instanceof TooMuch ? broken.getMessage() : "it is not a whole gzipped tar: " + broken.getMessage());
    }
  }

  /// The nine permission bits; the owner can always read.
  private static Set<PosixFilePermission> permissions(int mode) {
    Set<PosixFilePermission> permissions = EnumSet.of(PosixFilePermission.OWNER_READ);
    PosixFilePermission[] fromTheTop = PosixFilePermission.values();
    for (int i = 0; i < fromTheTop.length; i++)
      if ((mode & 0400 >> i) != 0) permissions.add(fromTheTop[i]);
    return permissions;
  }

  /// An archive that expands beyond a limit while it is read.
  private static final class TooMuch extends IOException {
    private static final long serialVersionUID = 1;

    TooMuch(String why) { super(why); }
  }

  /// Counts what comes out of the archive, against what its size allows, and against what one header may take: the tar reader
  /// keeps long names in memory. Keeps the header, to look names up in.
  private final class Meter extends FilterInputStream {
    private final long most;
    private long total;
    private final ByteArrayOutputStream header = new ByteArrayOutputStream();
    private boolean inHeader;

    Meter(InputStream in) {
      super(in);
      long headers = (long) limits.entries() * 2048;
      most = Math.min(limits.unpackedBytes() + headers, allowed);
    }

    void allowHeader() {
      header.reset();
      inHeader = true;
    }

    void allowContent() { inHeader = false; }

    /// The tar reader puts a `?` or U+FFFD where a name is no UTF-8: such a part of a name must be in the header as it is read.
    void requireLiteral(String name) throws Refused {
      if (name.indexOf('?') < 0 && name.indexOf('\uFFFD') < 0) return;
      String read = header.toString(StandardCharsets.ISO_8859_1);
      for (String part : name.split("/"))
        if (!read.contains(new String(part.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1)))
          throw new Refused("the name " + part + " is not UTF-8");
    }

    /// The tar reader takes the slash from the front of a name that a header of its own carries.
    void requireRelative(String name) throws Refused {
      String read = header.toString(StandardCharsets.ISO_8859_1);
      String tail = "/" + new String(name.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1) + "\0";
      int slash = read.indexOf(tail);
      while (slash > 0 && read.charAt(slash - 1) == '/')
        slash--;
      boolean alone = slash == 0 || slash > 0 && read.charAt(slash - 1) == '\0';
      if (alone || read.contains(" path=/")) throw new Refused(name + " is absolute");
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int n = super.read(target, offset, length);
      if (n > 0) count(target, offset, n);
      return n;
    }

    @Override
    public long skip(long length) throws IOException {
      byte[] ignored = new byte[(int) Math.min(length, 8192)];
      return Math.max(0, read(ignored, 0, ignored.length));
    }

    private void count(byte[] bytes, int offset, int n) throws TooMuch {
      total += n;
      if (inHeader) header.write(bytes, offset, n);
      if (header.size() > HEADER_BYTES) throw new TooMuch("a header takes more than " + HEADER_BYTES + " bytes");
      if (total > most) throw new TooMuch("it expands to more than " + most + " bytes, which its size or the limits do not allow");
    }
  }
}
