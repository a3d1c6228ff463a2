// The disk behind IStorage. A file is replaced the one way that survives a crash: the new content is written to a file beside
// it and synced, the rename puts it in place at once, and the directory is synced so that the rename itself survives.
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using RedisLite.Persistence;

namespace RedisLite.Server;

internal sealed partial class DiskStorage : IStorage
{
    private const int Interrupted = 4, NoSuchOperation = 22;

    public bool Exists(string path) => File.Exists(path);

    public byte[]? ReadAll(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new UnauthorizedAccessException(Directory.Exists(path) ? "Is a directory" : "Permission denied", e);      // which of the two .NET does not say
        }
    }

    public void Replace(string path, ReadOnlySpan<byte> content)
    {
        var beside = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (var file = new FileStream(beside, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                if (!OperatingSystem.IsWindows() && File.Exists(path)) File.SetUnixFileMode(file.SafeFileHandle, File.GetUnixFileMode(path));
                file.Write(content);
                file.Flush(flushToDisk: true);
            }
            File.Move(beside, path, overwrite: true);
        }
        catch
        {
            File.Delete(beside);
            throw;
        }
        SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    public void Delete(string path)
    {
        if (File.Exists(path)) File.Delete(path);
    }

    public IReadOnlyList<string> List(string directory)
    {
        if (!Directory.Exists(directory)) return [];
        var files = Directory.GetFiles(directory);
        Array.Sort(files, StringComparer.Ordinal);
        return files;
    }

    public IAppendFile OpenAppend(string path) => new AppendFile(path, FileMode.OpenOrCreate);

    public IAppendFile Create(string path) => new AppendFile(path, FileMode.Create);

    public IReadFile? OpenRead(string path)
    {
        try
        {
            return new ReadFile(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    public void Rename(string from, string to)
    {
        File.Move(from, to, overwrite: true);
        SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(to))!);
    }

    public void CreateDirectory(string path)
    {
        if (Directory.Exists(path)) return;
        Directory.CreateDirectory(path);
        SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    public void Truncate(string path, long length)
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        RandomAccess.SetLength(handle, length);
        RandomAccess.FlushToDisk(handle);
    }

    /// <summary>Makes the names in a directory survive a crash. Windows journals them by itself.</summary>
    private static void SyncDirectory(string path)
    {
        if (OperatingSystem.IsWindows()) return;

        var fd = OpenDirectory(path, 0);
        if (fd < 0) throw new IOException($"cannot open directory '{path}': {Marshal.GetLastPInvokeErrorMessage()}");
        try
        {
            if (Fsync(fd) != 0) throw new IOException($"cannot sync directory '{path}': {Marshal.GetLastPInvokeErrorMessage()}");
        }
        finally
        {
            _ = Close(fd);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int OpenDirectory(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int fd);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int SyncData(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int fd);

    private sealed class AppendFile : IAppendFile
    {
        private readonly SafeFileHandle handle;

        public AppendFile(string path, FileMode mode)
        {
            handle = File.OpenHandle(path, mode, FileAccess.Write, FileShare.Read);
            Length = RandomAccess.GetLength(handle);
        }

        public long Length { get; private set; }

        public void Append(ReadOnlySpan<byte> bytes)
        {
            RandomAccess.Write(handle, bytes, Length);
            Length += bytes.Length;
        }

        /// <summary>The bytes and the length, which is all a reader needs: without the time of the last change the journal of the file system has less to do.</summary>
        public void Fsync()
        {
            if (!OperatingSystem.IsLinux())
            {
                RandomAccess.FlushToDisk(handle);
                return;
            }
            while (SyncData(handle) != 0)
            {
                var error = Marshal.GetLastPInvokeError();
                if (error == Interrupted) continue;
                if (error == NoSuchOperation) return;                   // a pipe or a special file: nothing to sync
                throw new IOException(Marshal.GetPInvokeErrorMessage(error));
            }
        }

        public void Truncate(long length)
        {
            RandomAccess.SetLength(handle, length);
            Length = length;
        }

        public void Dispose() => handle.Dispose();
    }

    private sealed class ReadFile : IReadFile
    {
        private readonly SafeFileHandle handle;
        private long at;

        public ReadFile(string path)
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
            Length = RandomAccess.GetLength(handle);
        }

        public long Length { get; }

        public int Read(Span<byte> into)
        {
            var read = RandomAccess.Read(handle, into, at);
            at += read;
            return read;
        }

        public void Seek(long offset) => at = offset;

        public void Dispose() => handle.Dispose();
    }
}
