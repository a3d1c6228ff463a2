using RedisLite.Data;
using RedisLite.Data.Tables;
using RedisLite.Data.Values;

namespace RedisLite.Engine.Databases;

/// <summary>
/// The part of the expiry cycle that looks after fields of hashes. The database's index (FieldExpiryIndex) names the hashes in which something is due; a hash's
/// own table says which fields, a few hundred at a time. Each field is a unit of its own, as a key is, so that its HDEL stands alone in the AOF; the event
/// is sent with the last field of a batch. When time runs out in the middle, the next slice finds what is left in the same way.
/// </summary>
internal sealed class FieldExpirySweep
{
    private const int SegmentsPerStep = 8;
    private const int FieldsPerTimeCheck = 32;

    private readonly Engine engine;
    private readonly Action<CommandContext> removeOne;
    private readonly HandleList hashes = new();
    private readonly HandleList fields = new();
    private readonly Entry entry = new();
    private byte[] key = [];
    private int keyLength;
    private int fieldsDone;
    private Database db = null!;

    public FieldExpirySweep(Engine engine)
    {
        this.engine = engine;
        removeOne = RemoveOne;
    }

    private ReadOnlySpan<byte> Key => key.AsSpan(0, keyLength);

    /// <summary>
    /// One step over the database's index; the cursor is 0 at the end. False: time ran out, and the step must be done again. roundDueMs becomes the
    /// earliest expiry that is not due.
    /// </summary>
    public bool Step(Database database, ref ulong cursor, ref long roundDueMs, Func<bool> isOver)
    {
        db = database;
        var next = 0UL;
        if (db.Keys.FieldExpiries is { Count: > 0 } index)
        {
            hashes.Clear();
            next = index.Sweep(cursor, engine.Clock.NowMs, SegmentsPerStep, hashes, ref roundDueMs);
            foreach (var handle in hashes.Items)
            {
                Remember(index.KeyOf(handle));
                if (!SweepHash(index, ref roundDueMs, isOver)) return false;
            }
        }

        cursor = next;
        return true;
    }

    /// <summary>Removes what is due in one hash and tells the index when it must be looked at again.</summary>
    private bool SweepHash(FieldExpiryIndex index, ref long roundDueMs, Func<bool> isOver)
    {
        var nextDueMs = long.MaxValue;
        var cursor = 0UL;
        do
        {
            fields.Clear();
            if (!db.FindRaw(Key, entry)) return true;                            // its last field has gone
            cursor = HashValue.Over(entry).SweepPast(cursor, engine.Clock.NowMs, maxSegments: 1, fields, ref nextDueMs);
            for (fieldsDone = 0; fieldsDone < fields.Count;)
            {
                engine.Executor.RunInternal(removeOne, beforeRequest: true);
                if (fieldsDone % FieldsPerTimeCheck == 0 && fieldsDone < fields.Count && isOver()) return AnnounceHalf();
            }

            if (isOver() && cursor != 0) return false;
        }
        while (cursor != 0);

        if (nextDueMs == long.MaxValue) return true;
        index.Postpone(Key, db.Keys.Hash(Key), nextDueMs);
        roundDueMs = Math.Min(roundDueMs, nextDueMs);
        return true;
    }

    private void RemoveOne(CommandContext ctx)
    {
        var opened = ctx.NextEntry();
        db.FindRaw(Key, opened);
        FieldExpiry.Remove(ctx, db, Key, HashValue.Over(opened), fields.Items[fieldsDone++]);
        if (fieldsDone == fields.Count) FieldExpiry.Announce(ctx, db, Key, fields.Count);
    }

    /// <summary>What has gone of a batch is told although the rest follows later.</summary>
    private bool AnnounceHalf()
    {
        engine.Executor.RunInternal(ctx =>
        {
            db.FindRaw(Key, ctx.NextEntry());
            FieldExpiry.Announce(ctx, db, Key, fieldsDone);
        }, beforeRequest: true);
        return false;
    }

    private void Remember(ReadOnlySpan<byte> name)
    {
        if (key.Length < name.Length) key = new byte[Math.Max(64, name.Length)];
        name.CopyTo(key);
        keyLength = name.Length;
    }
}
