using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Tables;
using RedisLite.Data.Values;

namespace RedisLite.Engine.Info;

/// <summary>
/// DEBUG DIGEST and DIGEST-VALUE: 20 bytes that two servers share exactly when they hold the same data, computed as Redis computes them, so
/// that the two kinds of server can be compared. What has no order (keys, set members, hash fields) is hashed alone and mixed in by xor; what
/// has one is mixed in and hashed again.
/// </summary>
internal sealed class DatasetDigest
{
    public const int Bytes = 20;

    private readonly byte[] scratch = new byte[PackedValue.IntegerTextMax];
    private readonly byte[] hash = new byte[Bytes];

    public byte[] OfAll(Engine engine)
    {
        var whole = new byte[Bytes];
        var digest = new byte[Bytes];
        var entry = new Entry();
        foreach (var db in engine.Databases)
        {
            if (db.Keys.Count == 0) continue;
            MixNumber(whole, db.Index);
            foreach (var handle in db.Keys)
            {
                db.Keys.Open(handle, entry);
                Array.Clear(digest);
                Mix(digest, entry.Key);
                AddValue(digest, entry);
                Xor(whole, digest);
            }
        }

        return whole;
    }

    public byte[] OfValue(Entry entry)
    {
        var digest = new byte[Bytes];
        if (entry.Exists) AddValue(digest, entry);
        return digest;
    }

    private void AddValue(byte[] digest, Entry entry)
    {
        MixNumber(digest, TypeNumber(entry.Type));
        switch (entry.Type)
        {
            case ValueType.String: Mix(digest, StringValue.Over(entry).Get(scratch)); break;
            case ValueType.List: AddList(digest, entry); break;
            case ValueType.Hash: AddHash(digest, entry); break;
            case ValueType.Set: AddSet(digest, entry); break;
            case ValueType.ZSet: AddZSet(digest, entry); break;
            default: AddStream(digest, entry); break;
        }

        if (entry.HasExpiry) Xor(digest, "!!expire!!"u8);
    }

    private void AddHash(byte[] digest, Entry entry)
    {
        var pair = new byte[Bytes];
        for (var walk = HashValue.Over(entry).Walk(); walk.MoveNext();)
        {
            Array.Clear(pair);
            Mix(pair, walk.Field.AsText(scratch));
            Mix(pair, walk.Value.AsText(scratch));
            if (walk.ExpireAtMs >= 0) Xor(pair, "!!hexpire!!"u8);
            Xor(digest, pair);
        }
    }

    private void AddList(byte[] digest, Entry entry)
    {
        for (var walk = ListValue.Over(entry).Walk(); walk.MoveNext();) Mix(digest, walk.Current.AsText(scratch));
    }

    private void AddSet(byte[] digest, Entry entry)
    {
        for (var walk = SetValue.Over(entry).Walk(); walk.MoveNext();) Xor(digest, walk.Current.AsText(scratch));
    }

    private void AddZSet(byte[] digest, Entry entry)
    {
        var pair = new byte[Bytes];
        Span<byte> score = stackalloc byte[NumberText.DoubleTextMax];
        for (var walk = ZSetValue.Over(entry).Walk(); walk.MoveNext();)
        {
            Array.Clear(pair);
            Mix(pair, walk.Member.AsText(scratch));
            Mix(pair, score[..NumberText.FormatDouble17(walk.Score, score)]);
            Xor(digest, pair);
        }
    }

    private void AddStream(byte[] digest, Entry entry)
    {
        for (var walk = StreamValue.Over(entry).Walk(StreamId.Min, StreamId.Max); walk.MoveNext();)
        {
            Mix(digest, Encoding.ASCII.GetBytes($"{walk.Id.Ms}.{walk.Id.Seq}"));
            while (walk.NextField(out var field, out var value))
            {
                Mix(digest, field.AsText(scratch));
                Mix(digest, value.AsText(scratch));
            }
        }
    }

    private static int TypeNumber(ValueType type) => type switch
    {
        ValueType.String => 0,
        ValueType.List => 1,
        ValueType.Set => 2,
        ValueType.ZSet => 3,
        ValueType.Hash => 4,
        _ => 6,
    };

    private void MixNumber(byte[] digest, int number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        Mix(digest, bytes);
    }

    private void Mix(byte[] digest, ReadOnlySpan<byte> bytes)
    {
        Xor(digest, bytes);
        SHA1.HashData(digest, digest);
    }

    private void Xor(byte[] digest, ReadOnlySpan<byte> bytes)
    {
        SHA1.HashData(bytes, hash);
        for (var i = 0; i < Bytes; i++) digest[i] ^= hash[i];
    }
}
