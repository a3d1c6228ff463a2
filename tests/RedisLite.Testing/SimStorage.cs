using RedisLite.Persistence;

namespace RedisLite.Testing;

internal enum StorageOperation { Append, Fsync, Truncate, Create, Rename, Replace, Delete, CreateDirectory }

/// <summary>What befalls an operation of the disk.</summary>
internal enum StorageFault
{
    None,

    /// <summary>Refused: nothing happened.</summary>
    Fails,

    /// <summary>Refused, but a part was written.</summary>
    Tears,

    /// <summary>The machine stops before the operation; nothing works from then on, until <see cref="SimStorage.Restart"/>.</summary>
    Crashes,

    /// <summary>The machine stops after the operation, before it was made durable.</summary>
    CrashesAfter,
}

/// <summary>The machine has stopped.</summary>
internal sealed class SimCrashException : Exception
{
    public SimCrashException()
        : base("The simulated machine has stopped.")
    {
    }
}

/// <summary>
/// A disk in memory that behaves as badly as real ones may: what was not synced is lost by a crash, wholly or in part; a new name or a
/// rename is there only once its directory has been synced; operations can be refused or torn.
/// </summary>
internal sealed class SimStorage : IStorage
{
    private readonly SortedDictionary<string, SimFile> _names = new(StringComparer.Ordinal);
    private SortedDictionary<string, SimFile> _durableNames = new(StringComparer.Ordinal);
    private bool _isDown;

    /// <summary>A file as text; written as if it had always been there.</summary>
    public string this[string path]
    {
        get => System.Text.Encoding.UTF8.GetString(_names[path].Bytes);
        set => Replace(path, System.Text.Encoding.UTF8.GetBytes(value));
    }

    /// <summary>Asked before each operation that changes something.</summary>
    public Func<StorageOperation, string, StorageFault>? Faults { get; set; }

    /// <summary>Bytes that all files may take together.</summary>
    public long Capacity { get; set; } = long.MaxValue;

    public long Used => _names.Values.Sum(static file => (long)file.Bytes.Length);

    /// <summary>Operations that changed something so far.</summary>
    public int Operations { get; private set; }

    /// <summary>The machine comes up again. Of what was not synced, the seed decides how much is there.</summary>
    public void Restart(int seed)
    {
        var random = new Random(seed);
        _isDown = false;
        Faults = null;
        _names.Clear();
        foreach (var (path, file) in _durableNames)
        {
            file.Crash(random);
            _names[path] = file;
        }
    }

    public bool Exists(string path) => _names.ContainsKey(path);

    public byte[]? ReadAll(string path) => _names.TryGetValue(path, out var file) ? file.Bytes : null;

    public IReadOnlyList<string> List(string directory) => _names.Keys.Where(path => Path.GetDirectoryName(path) == directory).ToArray();

    public void Replace(string path, ReadOnlySpan<byte> content)
    {
        var fault = Begin(StorageOperation.Replace, path);
        var file = new SimFile { Bytes = content.ToArray() };
        file.Sync();
        Reserve(content.Length);
        _names[path] = file;
        if (fault == StorageFault.CrashesAfter) Stop();
        SyncDirectory(path);
    }

    public void Delete(string path)
    {
        var fault = Begin(StorageOperation.Delete, path);
        _names.Remove(path);
        if (fault == StorageFault.CrashesAfter) Stop();
    }

    public IAppendFile OpenAppend(string path)
    {
        if (!_names.TryGetValue(path, out var file)) return Create(path);
        return new Appender(this, path, file);
    }

    public IAppendFile Create(string path)
    {
        var fault = Begin(StorageOperation.Create, path);
        var file = new SimFile();
        _names[path] = file;
        if (fault == StorageFault.CrashesAfter) Stop();
        return new Appender(this, path, file);
    }

    public IReadFile? OpenRead(string path) => _names.TryGetValue(path, out var file) ? new Reader(file.Bytes) : null;

    public void Rename(string from, string to)
    {
        var fault = Begin(StorageOperation.Rename, to);
        if (!_names.Remove(from, out var file)) throw new FileNotFoundException("no such file", from);
        _names[to] = file;
        if (fault == StorageFault.CrashesAfter) Stop();
        SyncDirectory(to);
        if (Path.GetDirectoryName(from) != Path.GetDirectoryName(to)) SyncDirectory(from);
    }

    public void CreateDirectory(string path)
    {
        if (Begin(StorageOperation.CreateDirectory, path) == StorageFault.CrashesAfter) Stop();
    }

    public void Truncate(string path, long length)
    {
        using var file = OpenAppend(path);
        file.Truncate(length);
        file.Fsync();
    }

    private StorageFault Begin(StorageOperation operation, string path)
    {
        if (_isDown) throw new SimCrashException();
        Operations++;
        var fault = Faults?.Invoke(operation, path) ?? StorageFault.None;
        if (fault == StorageFault.Crashes) Stop();
        if (fault == StorageFault.Fails || (fault == StorageFault.Tears && operation != StorageOperation.Append)) throw new IOException("Input/output error");
        return fault;
    }

    private void Stop()
    {
        _isDown = true;
        throw new SimCrashException();
    }

    private void Reserve(long bytes)
    {
        if (Used + bytes > Capacity) throw new IOException("No space left on device");
    }

    private void SyncDirectory(string path)
    {
        var directory = Path.GetDirectoryName(path);
        var names = new SortedDictionary<string, SimFile>(_durableNames, StringComparer.Ordinal);
        foreach (var old in _durableNames.Keys.Where(name => Path.GetDirectoryName(name) == directory)) names.Remove(old);
        foreach (var (name, file) in _names.Where(pair => Path.GetDirectoryName(pair.Key) == directory)) names[name] = file;
        _durableNames = names;
    }

    private sealed class SimFile
    {
        private byte[] _synced = [];

        public byte[] Bytes { get; set; } = [];

        public void Sync() => _synced = Bytes;

        /// <summary>What was appended since the last sync is there up to some byte; anything else that was not synced has not happened.</summary>
        public void Crash(Random random)
        {
            var isLonger = Bytes.AsSpan().StartsWith(_synced);
            Bytes = isLonger ? Bytes[..random.Next(_synced.Length, Bytes.Length + 1)] : _synced;
            _synced = Bytes;
        }
    }

    private sealed class Appender(SimStorage storage, string path, SimFile file) : IAppendFile
    {
        public long Length => file.Bytes.Length;

        public void Append(ReadOnlySpan<byte> bytes)
        {
            var fault = storage.Begin(StorageOperation.Append, path);
            if (fault == StorageFault.Tears)
            {
                file.Bytes = [.. file.Bytes, .. bytes[..(bytes.Length / 2)]];
                throw new IOException("Input/output error");
            }
            storage.Reserve(bytes.Length);
            file.Bytes = [.. file.Bytes, .. bytes];
            if (fault == StorageFault.CrashesAfter) storage.Stop();
        }

        public void Fsync()
        {
            var fault = storage.Begin(StorageOperation.Fsync, path);
            if (fault == StorageFault.CrashesAfter) storage.Stop();
            file.Sync();
        }

        public void Truncate(long length)
        {
            var fault = storage.Begin(StorageOperation.Truncate, path);
            file.Bytes = file.Bytes[..(int)length];
            if (fault == StorageFault.CrashesAfter) storage.Stop();
        }

        public void Dispose()
        {
        }
    }

    private sealed class Reader(byte[] bytes) : IReadFile
    {
        private int _at;

        public long Length => bytes.Length;

        public int Read(Span<byte> into)
        {
            var part = Math.Min(into.Length, bytes.Length - _at);
            bytes.AsSpan(_at, part).CopyTo(into);
            _at += part;
            return part;
        }

        public void Seek(long offset) => _at = (int)offset;

        public void Dispose()
        {
        }
    }
}
