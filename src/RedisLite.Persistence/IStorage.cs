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
}

internal interface IAppendFile : IDisposable
{
    long Length { get; }

    void Append(ReadOnlySpan<byte> bytes);

    /// <summary>Returns when everything appended so far survives a power cut.</summary>
    void Fsync();
}
