using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using RedisLite.Data;

namespace RedisLite.Persistence.Rdb;

/// <summary>Where the contents of a file go.</summary>
internal interface IRdbTarget
{
    /// <summary>The keys of a database; null = there is no such database here.</summary>
    Keyspace? Keys(int database);

    /// <summary>Whether a key with this expiry is not wanted any more.</summary>
    bool IsPast(long expireAtMs);

    void Aux(string name, string value);

    /// <summary>The source of a function library; null, or why it cannot be had.</summary>
    string? Function(ReadOnlySpan<byte> source);

    /// <summary>A collection without elements, which is left out.</summary>
    void Empty(ReadOnlySpan<byte> key);

    /// <summary>A key has been made. Idle seconds and frequency are -1 when the file does not tell.</summary>
    void Loaded(int database, Entry entry, long idleSeconds, int frequency);
}

/// <summary>
/// Reads a whole RDB file in steps: any version from 1 to 12 and Valkey's 80. What is unknown is refused with the place and what was found there; what
/// belongs to modules or clusters and can be passed over is passed over.
/// </summary>
internal sealed class RdbReader
{
    private const int HeaderBytes = 9;
    private const int KeyBytesMin = 4;
    private const int KeysAhead = 16;

    private readonly Heap _heap;
    private readonly RdbInput _input;
    private readonly IRdbTarget _target;
    private readonly ValueReader _values;
    private readonly Entry _entry = new();
    private byte[] _key = new byte[256];
    private readonly ulong[] _hashes = new ulong[KeysAhead];
    private int _hashAt;
    private int _hashCount;
    private Keyspace? _keys;
    private int _database;
    private long _expireAtMs = -1;
    private long _idleSeconds = -1;
    private int _frequency = -1;

    public RdbReader(Heap heap, RdbInput input, IRdbTarget target, bool isStrict)
    {
        _heap = heap;
        _input = input;
        _target = target;
        _values = new ValueReader(heap) { IsStrict = isStrict };
    }

    /// <summary>Of the file; 0 before the first step.</summary>
    public int Version { get; private set; }

    /// <summary>A key of the file takes the place of one that is there.</summary>
    public bool Merges { get; init; }

    public long KeysLoaded { get; private set; }

    /// <summary>Keys past their expiry that were left out.</summary>
    public long KeysExpired { get; private set; }

    /// <summary>Empty collections that were left out.</summary>
    public long KeysEmpty { get; private set; }

    /// <summary>False: a checksum of the file is not looked at.</summary>
    public bool VerifyChecksum { get; set; } = true;

    public long Offset => _input.Offset;

    /// <summary>Reads about so many keys; false when the file is complete.</summary>
    public bool Step(int keys)
    {
        if (Version == 0) ReadHeader();
        while (keys > 0)
        {
            var op = _input.Byte();
            if (op < RdbFormat.OpSlotImport)
            {
                if (_hashAt == _hashCount) LookAhead(op);
                ReadKey(op);
                keys--;
            }
            else if (op == RdbFormat.OpEof)
            {
                CheckEnd();
                return false;
            }
            else
            {
                ReadOp(op);
            }
        }
        return true;
    }

    public void ReadAll()
    {
        while (Step(int.MaxValue))
        {
        }
    }

    private void ReadHeader()
    {
        var header = _input.Fixed(HeaderBytes);
        if (!header.StartsWith("REDIS"u8)) throw new RdbException(0, "wrong signature: an RDB file begins with REDIS and its version");
        if (!int.TryParse(header[5..], NumberStyles.None, CultureInfo.InvariantCulture, out var version) || !RdbFormat.IsReadable(version))
            throw new RdbException(5, $"can't handle RDB format version {Encoding.Latin1.GetString(header[5..])}");
        Version = version;
        _keys = _target.Keys(0);
    }

    private void ReadOp(byte op)
    {
        switch (op)
        {
            case RdbFormat.OpExpireTime:
                _expireAtMs = Math.Max(0, _input.Int32() * 1000L);
                break;
            case RdbFormat.OpExpireTimeMs:
                _expireAtMs = ReadExpireTime();
                break;
            case RdbFormat.OpIdle:
                _idleSeconds = (long)Math.Min(_input.Length(), long.MaxValue);
                break;
            case RdbFormat.OpFreq:
                _frequency = _input.Byte();
                break;
            case RdbFormat.OpSelectDb:
                SelectDatabase();
                break;
            case RdbFormat.OpResizeDb:
                Expect(_input.Length());
                _input.Length();
                break;
            case RdbFormat.OpAux:
                var name = Encoding.UTF8.GetString(_input.String());
                _target.Aux(name, Encoding.UTF8.GetString(_input.String()));
                break;
            case RdbFormat.OpFunction2:
                if (_target.Function(_input.String()) is { } problem) throw _input.Bad(problem);
                break;
            case RdbFormat.OpFunctionPreGa:
                throw _input.Bad("functions of a 7.0 release candidate are not supported");
            case RdbFormat.OpSlotInfo:
                for (var i = 0; i < 3; i++) _input.Length();
                break;
            case RdbFormat.OpModuleAux:
                SkipModuleAux();
                break;
            default:
                throw _input.Bad($"unknown opcode {op}");
        }
    }

    /// <summary>A number that is not believed beyond what can follow: a key takes four bytes at least, and a place in the table not twice as much.</summary>
    private void Expect(ulong keys) => _keys?.Expect((long)Math.Min(keys, (ulong)(Math.Min(_input.Left, int.MaxValue) / KeyBytesMin)));

    /// <summary>Until version 9 the machine's byte order was written, and that is little endian wherever a file is likely to come from.</summary>
    private long ReadExpireTime() => Math.Max(0, _input.Int64());

    private void SelectDatabase()
    {
        var database = _input.Length();
        _keys = database <= int.MaxValue ? _target.Keys((int)database) : null;
        _database = (int)Math.Min(database, int.MaxValue);
        if (_keys is null) throw _input.Bad($"the file holds keys of database {database}, and there are fewer databases here");
    }

    /// <summary>The hashes of this key and of those behind it, with their places in the table fetched: the misses of the cache overlap.</summary>
    private void LookAhead(byte type)
    {
        _hashAt = _hashCount = 0;
        if (_keys is null) return;
        var scan = new KeyScan(_input.Ahead(type));
        while (_hashCount < KeysAhead && scan.TryNext(out var key))
        {
            _keys.PrefetchForChange(_hashes[_hashCount++] = _heap.Hash(key));
        }
    }

    private void ReadKey(byte type)
    {
        var text = _input.String();
        if (_key.Length < text.Length) _key = new byte[Math.Max(text.Length, _key.Length * 2)];
        text.CopyTo(_key);
        var key = _key.AsSpan(0, text.Length);
        if (_keys is null) throw _input.Bad("there is no database for the key");

        var hash = _hashAt < _hashCount ? _hashes[_hashAt++] : _heap.Hash(key);
        var exists = _keys.Find(key, hash, _entry);
        if (exists && Merges) _keys.Remove(_entry);
        else if (exists) throw _input.Bad($"the key '{Encoding.Latin1.GetString(key[..Math.Min(key.Length, 64)])}' is there twice");
        var isThere = _values.Read(_input, type, _keys, key, hash, _expireAtMs, _entry, Version == RdbFormat.VersionValkey);
        if (!isThere)
        {
            KeysEmpty++;
            _target.Empty(key);
        }
        else if (_expireAtMs >= 0 && _target.IsPast(_expireAtMs))
        {
            _keys.Remove(_entry);
            KeysExpired++;
        }
        else
        {
            _target.Loaded(_database, _entry, _idleSeconds, _frequency);
            KeysLoaded++;
        }
        _expireAtMs = _idleSeconds = -1;
        _frequency = -1;
    }

    private void SkipModuleAux()
    {
        _input.Length();                                                   // the module's id
        _input.Length();                                                   // the opcode of the next number
        _input.Length();                                                   // when it was written: before or after the keys
        while (true)
        {
            var part = _input.Length();
            switch (part)
            {
                case RdbFormat.ModuleEof:
                    return;
                case RdbFormat.ModuleSignedInt or RdbFormat.ModuleUnsignedInt:
                    _input.Length();
                    break;
                case RdbFormat.ModuleFloat:
                    _input.Fixed(4);
                    break;
                case RdbFormat.ModuleDouble:
                    _input.Fixed(8);
                    break;
                case RdbFormat.ModuleString:
                    _input.String();
                    break;
                default:
                    throw _input.Bad($"unknown part {part} in the data of a module");
            }
        }
    }

    private void CheckEnd()
    {
        if (Version < 5) return;
        var computed = _input.Crc;
        var stored = _input.UInt64();
        if (VerifyChecksum && stored != 0 && stored != computed)
            throw _input.Bad($"CRC error, wrong checksum: the file says {stored:x16}, its bytes give {computed:x16}");
    }
}
