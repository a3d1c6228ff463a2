using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RedisLite.Data;
using RedisLite.Data.Values;
using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Persistence;

/// <summary>Files that real servers wrote, from 2.8 on, beside what a reader must find in them.</summary>
public sealed class GoldenFilesTests
{
    internal static string PathOf(string name) => Repository.PathOf("tests", "RedisLite.Tests", "Persistence", "golden", name);

    [Theory]
    [InlineData("redis-2.8.24")]
    [InlineData("redis-3.2.13")]
    [InlineData("redis-4.0.14")]
    [InlineData("redis-5.0.14")]
    [InlineData("redis-6.2.14")]
    [InlineData("redis-7.2.6")]
    [InlineData("redis-7.4.1")]
    [InlineData("valkey-8.0.1")]
    public void Every_key_of_the_file_is_loaded(string server)
    {
        using var world = new RdbWorld();
        world.Load(File.ReadAllBytes(PathOf(server + ".rdb")));
        world.CheckInvariants();
        var expected = JsonDocument.Parse(File.ReadAllText(PathOf(server + ".expected.json"))).RootElement.GetProperty("keys");
        var entry = new Entry();
        foreach (var key in expected.EnumerateObject())
        {
            var (db, name) = Split(key.Name);
            Assert.True(world.Databases[db].Find(name, entry), key.Name);
            Check(key.Name, key.Value, entry, oldNumbers: string.CompareOrdinal(server, "redis-7") < 0);
        }
        Assert.Equal(expected.EnumerateObject().Count(), world.Databases.Sum(keys => (int)keys.Count));
    }

    /// <summary>Rewritten AOFs: a snapshot in front of the file (5.0 to 6.2), or a directory with manifest and base (7.x).</summary>
    [Theory]
    [InlineData("redis-5.0.14")]
    [InlineData("redis-6.2.14")]
    [InlineData("redis-7.2.6")]
    [InlineData("redis-7.4.1")]
    [InlineData("valkey-8.0.1")]
    public void Every_key_of_the_rewritten_log_is_loaded(string server)
    {
        var storage = new SimStorage();
        foreach (var path in Directory.GetFiles(PathOf(server + ".aof-rewritten")))
        {
            var directory = string.CompareOrdinal(server, "redis-7") < 0 ? "/data/" : "/data/appendonlydir/";
            storage.Replace(directory + Path.GetFileName(path), File.ReadAllBytes(path));
        }
        var redis = new TestEngine(config => config.Set("appendonly", "yes"), storage: storage, clock: new SimClock(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000)));
        Assert.True(redis.Process.ExitCode is null, string.Join('\n', redis.Log.Lines));
        var expected = JsonDocument.Parse(File.ReadAllText(PathOf(server + ".expected.json"))).RootElement.GetProperty("keys");
        var entry = new Entry();
        foreach (var key in expected.EnumerateObject())
        {
            var (db, name) = Split(key.Name);
            Assert.True(redis.Engine.Databases[db].Keys.Find(name, entry), key.Name);
            Check(key.Name, key.Value, entry, oldNumbers: string.CompareOrdinal(server, "redis-7") < 0);
        }
    }

    private static (int Db, byte[] Name) Split(string name)
    {
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        return (int.Parse(name[..colon]), Encoding.Latin1.GetBytes(name[(colon + 1)..]));
    }

    /// <param name="oldNumbers">Before 7.2 scores were shown with 17 digits.</param>
    private static void Check(string name, JsonElement expected, Entry entry, bool oldNumbers)
    {
        var type = expected.GetProperty("type").GetString();
        Assert.Equal((name, type), (name, entry.Type.ToString().ToLowerInvariant()));
        Assert.Equal((name, expected.TryGetProperty("has_ttl", out _)), (name, entry.HasExpiry));
        if (type != "string") Assert.Equal((name, expected.GetProperty("len").GetInt64()), (name, LengthOf(entry)));

        if (type == "stream") CheckGroups(name, expected, StreamValue.Over(entry));
        var parts = entry.Type == RedisLite.Data.ValueType.Stream ? StreamLines(StreamValue.Over(entry)) : RdbWorld.Parts(entry, oldNumbers);
        var value = expected.GetProperty("value");
        if (value.ValueKind == JsonValueKind.String && value.GetString()!.StartsWith("sha1:", StringComparison.Ordinal))
            Assert.Equal((name, value.GetString()), (name, "sha1:" + Convert.ToHexStringLower(SHA1.HashData(Canonical(type!, parts)))));
        else
            Assert.Equal((name, string.Join(' ', Flat(value))), (name, string.Join(' ', parts.Select((part, i) => Shown(type!, part)))));
    }

    private static List<byte[]> StreamLines(StreamValue stream)
    {
        var lines = new List<byte[]>();
        var scratch = new byte[64];
        for (var walk = stream.Walk(StreamId.Min, StreamId.Max); walk.MoveNext();)
        {
            List<byte> line = [.. Encoding.ASCII.GetBytes($"{walk.Id.Ms}-{walk.Id.Seq}")];
            while (walk.NextField(out var field, out var value))
            {
                line.Add((byte)' ');
                line.AddRange(field.AsText(scratch));
                line.Add((byte)' ');
                line.AddRange(value.AsText(scratch));
            }
            lines.Add([.. line]);
        }
        return lines;
    }

    private static void CheckGroups(string name, JsonElement expected, StreamValue stream)
    {
        var groups = expected.GetProperty("groups");
        Assert.Equal(groups.GetArrayLength(), stream.GroupCount);
        foreach (var facts in groups.EnumerateArray())
        {
            var groupName = facts.GetProperty("name").GetString()!;
            Assert.True(stream.TryGetGroup(Encoding.Latin1.GetBytes(groupName), out var group), name);
            Assert.Equal(facts.GetProperty("last-delivered-id").GetString(), $"{group.LastId.Ms}-{group.LastId.Seq}");
            Assert.Equal(facts.GetProperty("consumers").GetInt64(), group.ConsumerCount);
            var pending = new List<string>();
            for (var walk = group.WalkPending(StreamId.Min); walk.MoveNext();)
            {
                var entry = PendingEntry.Read(walk.Current);
                pending.Add($"{entry.Id.Ms}-{entry.Id.Seq} {Encoding.Latin1.GetString(group.NameOf(entry.Consumer))} {entry.Deliveries}");
            }
            var wanted = expected.GetProperty("pending").GetProperty(groupName).EnumerateArray().Select(p => $"{p[0].GetString()} {p[1].GetString()} {p[2].GetInt64()}");
            Assert.Equal((name, string.Join('|', wanted)), (name, string.Join('|', pending)));
        }
    }

    private static long LengthOf(Entry entry) => entry.Type switch
    {
        RedisLite.Data.ValueType.List => ListValue.Over(entry).Count,
        RedisLite.Data.ValueType.Set => SetValue.Over(entry).Count,
        RedisLite.Data.ValueType.Stream => StreamValue.Over(entry).Count,
        RedisLite.Data.ValueType.ZSet => ZSetValue.Over(entry).Count,
        _ => HashValue.Over(entry).Count,
    };

    private static IEnumerable<string> Flat(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().SelectMany(Flat) : [value.GetString()!];

    private static string Shown(string type, byte[] part) => type == "zset" ? Encoding.Latin1.GetString(part) : Convert.ToHexStringLower(part);

    private static byte[] Canonical(string type, List<byte[]> parts)
    {
        if (type != "hash") return Join(parts);
        var lines = new List<byte[]>();
        for (var i = 0; i < parts.Count; i += 2) lines.Add([.. parts[i], (byte)'=', .. parts[i + 1]]);
        return Join(lines);
    }

    private static byte[] Join(List<byte[]> parts)
    {
        var all = new MemoryStream();
        for (var i = 0; i < parts.Count; i++)
        {
            if (i > 0) all.WriteByte((byte)'\n');
            all.Write(parts[i]);
        }
        return all.ToArray();
    }
}
