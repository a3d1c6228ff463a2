namespace RedisLite.Persistence;

/// <summary>
/// The disk, as everything below Server sees it. What the disk refuses is thrown as an <see cref="IOException"/>
/// (or <see cref="UnauthorizedAccessException"/>), which callers turn into a handled result.
/// </summary>
internal interface IStorage
{
    bool Exists(string path);

    /// <summary>The whole file, or null when there is none.</summary>
    byte[]? ReadAll(string path);

    /// <summary>Replaces a file so that after a crash it is either the old one or the new one, never a part: write beside it, sync, rename, sync the directory.</summary>
    void Replace(string path, ReadOnlySpan<byte> content);

    /// <summary>Deletes a file; a missing one is no error.</summary>
    void Delete(string path);

    /// <summary>Full paths of the files in a directory, in the order of their names; none when the directory is missing.</summary>
    IReadOnlyList<string> List(string directory);

    /// <summary>Opens a file for appending, creating it when it is missing.</summary>
    IAppendFile OpenAppend(string path);

    /// <summary>An empty file for writing; what was there is gone.</summary>
    IAppendFile Create(string path);

    /// <summary>Opens a file for reading from its start; null when there is none.</summary>
    IReadFile? OpenRead(string path);

    /// <summary>Puts a file, whose content is synced, in another's place at once and for good (the directory is synced).</summary>
    void Rename(string from, string to);

    /// <summary>Makes a directory and those above it; one that is there is no error.</summary>
    void CreateDirectory(string path);

    /// <summary>Cuts a file off at a length, for good.</summary>
    void Truncate(string path, long length);
}

internal interface IAppendFile : IByteSink, IDisposable
{
    long Length { get; }

    void Append(ReadOnlySpan<byte> bytes);

    /// <summary>Returns when everything appended so far survives a power cut.</summary>
    void Fsync();

    /// <summary>Takes back what was appended beyond a length.</summary>
    void Truncate(long length);

    void IByteSink.Write(ReadOnlySpan<byte> bytes) => Append(bytes);
}

internal interface IReadFile : IByteSource, IDisposable
{
    long Length { get; }

    void Seek(long offset);
}
