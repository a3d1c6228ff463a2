using RedisLite.Data;
using RedisLite.Data.Tables;

namespace RedisLite.Engine.Databases;

/// <summary>
/// Removes keys whose time has come although nobody asks for them.
///
/// Redis samples keys and goes on while many of the sample were due: a key may outlive its time by seconds. Here the table knows: every segment has
/// the earliest expiry of its few hundred keys, so a round over a database passes most segments at a glance and reads records only where something is
/// due. A round returns all that is due and the earliest expiry that is not; together with the earliest expiry set since (Heap.EarliestNewExpiryMs)
/// that says when the next round is needed. So an expired key goes within a few tens of milliseconds, and a server whose keys live for hours sleeps.
///
/// Rounds run in slices of about 0.3 ms (more with active-expire-effort), so that a million keys due at once stall nobody: while work is left
/// the next slice comes a millisecond later, or at once when no client wanted anything meanwhile. Rounds keep a distance of 20 to 30 ms, by
/// their cost: one over ten million keys that expire some time takes about 2 ms. Each key is a unit of
/// its own with its DEL and its event. Clients that wait for such a key are served after the batch, because a command that runs in between could
/// move the records that the batch still names.
/// </summary>
internal sealed class ExpiryCycle
{
    private const int SegmentsPerStep = 8;
    private const int KeysPerTimeCheck = 32;
    private const int LifetimeSamples = 16;
    private const long SliceUs = 300;
    private const long SliceUsPerEffort = 75;
    private const long GapMs = 20;
    private const long GapMsMax = 30;
    private const int GapPerCost = 20;
    private const double StaleWeight = 0.05;

    private readonly Engine engine;
    private readonly FieldExpirySweep fields;
    private readonly Func<bool> isSliceOver;
    private readonly Action<CommandContext> expireOne;
    private readonly Entry entry = new();
    private readonly HandleList due = new();
    private readonly HandleList samples = new();
    private int dueDone;
    private Database? db;
    private ulong cursor;
    private bool keysDone;
    private bool inRound;
    private long sliceBegan;
    private long sliceLimitUs;
    private long nextDueMs = long.MaxValue;
    private long roundDueMs = long.MaxValue;
    private long roundFound;
    private long roundCostUs;
    private long notBeforeMs;
    private long commandsSeen;

    public ExpiryCycle(Engine engine)
    {
        this.engine = engine;
        expireOne = ExpireOne;
        fields = new FieldExpirySweep(engine);
        isSliceOver = IsOver;
    }

    public long CpuMicroseconds { get; private set; }

    /// <summary>Unix ms of the next slice, long.MaxValue when nothing can be due.</summary>
    public long NextRunMs
    {
        get
        {
            if (!engine.ActiveExpireEnabled || engine.IsReplica || engine.IsLoading) return long.MaxValue;
            var next = inRound ? 0 : Math.Min(nextDueMs, engine.Heap.EarliestNewExpiryMs);
            return next == long.MaxValue ? next : Math.Max(next, notBeforeMs);
        }
    }

    /// <summary>One slice.</summary>
    public void Run()
    {
        if (!engine.MayExpire)
        {
            notBeforeMs = engine.Clock.NowMs + GapMs;
            return;
        }

        var began = engine.Clock.Timestamp();
        if (!inRound) BeginRound();
        sliceBegan = began;
        sliceLimitUs = SliceUs + (SliceUsPerEffort * (engine.Config.ActiveExpireEffort - 1));
        var finished = RunSlice();
        engine.Executor.EndUnit(engine.Internal);
        var spentUs = engine.Clock.MicrosecondsOf(engine.Clock.Timestamp() - began);
        roundCostUs += spentUs;
        CpuMicroseconds += spentUs;
        engine.AddLatency("expire-cycle", spentUs / 1000);
        if (finished) EndRound();
        else Pause();
    }

    /// <summary>A look at a few lifetimes of each database, for the avg_ttl of INFO: a running mean as in Redis.</summary>
    public void SampleLifetimes()
    {
        foreach (var database in engine.Databases)
        {
            if (database.Keys.CountWithExpiry == 0)
            {
                database.AverageTtlMs = 0;
                continue;
            }

            samples.Clear();
            database.Keys.SampleForEviction(engine.Environment.Random, LifetimeSamples, withExpiry: true, samples);
            long sum = 0;
            foreach (var handle in samples.Items)
            {
                database.Keys.Open(handle, entry);
                sum += Math.Max(0, entry.ExpireAtMs - engine.Clock.NowMs);
            }

            var mean = samples.Count == 0 ? 0 : sum / samples.Count;
            database.AverageTtlMs = database.AverageTtlMs == 0 ? mean : (database.AverageTtlMs / 50 * 49) + (mean / 50);
        }
    }

    private void BeginRound()
    {
        inRound = true;
        db = engine.Databases.MadeFrom(0);
        cursor = 0;
        keysDone = false;
        roundDueMs = long.MaxValue;
        roundFound = roundCostUs = 0;
        due.Clear();
        engine.Heap.EarliestNewExpiryMs = long.MaxValue;
    }

    private void EndRound()
    {
        inRound = false;
        nextDueMs = roundDueMs;
        notBeforeMs = engine.Clock.NowMs + Math.Clamp(roundCostUs * GapPerCost / 1000, GapMs, GapMsMax);
        long left = 0;
        foreach (var database in engine.Databases) left += database.Keys.CountWithExpiry;
        var stale = roundFound == 0 ? 0 : roundFound * 100.0 / (roundFound + left);
        engine.Stats.ExpiredStalePercent = (stale * StaleWeight) + (engine.Stats.ExpiredStalePercent * (1 - StaleWeight));
    }

    private void Pause()
    {
        engine.Stats.ExpiredTimeCapReached++;
        var idle = engine.Stats.Commands == commandsSeen;
        commandsSeen = engine.Stats.Commands;
        notBeforeMs = engine.Clock.NowMs + (idle ? 0 : 1);
    }

    /// <summary>True when the round is complete, false when time ran out. In each database keys come first, then fields of hashes.</summary>
    private bool RunSlice()
    {
        while (db is not null)
        {
            if (!(keysDone ? fields.Step(db, ref cursor, ref roundDueMs, isSliceOver) : StepOverKeys())) return false;
            if (cursor == 0)
            {
                if (keysDone) db = engine.Databases.MadeFrom(db.Index + 1);
                keysDone = !keysDone;
            }

            if (IsOver()) return db is null;
        }

        return true;
    }

    private bool StepOverKeys()
    {
        // Where many are due one segment is enough for a slice; where none is, several are passed at a glance.
        var segments = due.Count > 0 ? 1 : SegmentsPerStep;
        due.Clear();
        var next = db!.Keys.SweepExpired(cursor, engine.Clock.NowMs, segments, due, ref roundDueMs);
        for (dueDone = 0; dueDone < due.Count;)
        {
            engine.Executor.RunInternal(expireOne, beforeRequest: true);
            roundFound++;
            // Handles do not outlive the slice, other commands run before the next one: that looks at the same segments again.
            if (dueDone % KeysPerTimeCheck == 0 && dueDone < due.Count && IsOver()) return false;
        }

        cursor = next;
        return true;
    }

    private bool IsOver() => engine.Clock.MicrosecondsOf(engine.Clock.Timestamp() - sliceBegan) > sliceLimitUs;

    private void ExpireOne(CommandContext ctx)
    {
        db!.Keys.Open(due.Items[dueDone++], entry);
        db.Expire(ctx, entry);
    }
}
