using RedisLite.Persistence;

namespace RedisLite.Testing;

/// <summary>A disk in memory.</summary>
internal sealed class SimStorage : IStorage
{
    private readonly SortedDictionary<string, byte[]> _files = new(StringComparer.Ordinal);

    public bool Exists(string path) => _files.ContainsKey(path);

    public byte[]? ReadAll(string path) => _files.GetValueOrDefault(path);

    public void Replace(string path, ReadOnlySpan<byte> content) => _files[path] = content.ToArray();

    public void Delete(string path) => _files.Remove(path);

    public IReadOnlyList<string> List(string directory) =>
        _files.Keys.Where(path => Path.GetDirectoryName(path) == directory).ToArray();

    public IAppendFile OpenAppend(string path) => new AppendFile(this, path);

    private sealed class AppendFile(SimStorage storage, string path) : IAppendFile
    {
        public long Length => storage._files.TryGetValue(path, out var bytes) ? bytes.Length : 0;

        public void Append(ReadOnlySpan<byte> bytes) => storage._files[path] = [.. storage._files.GetValueOrDefault(path) ?? [], .. bytes];

        public void Fsync()
        {
        }

        public void Dispose()
        {
        }
    }
}
