using RedisLite.Data;
using RedisLite.Data.Tables;
using Xunit;

namespace RedisLite.Tests.Data.Tables;

public class ExpirySweepTests
{
    [Theory]
    [InlineData(50)]
    [InlineData(5_000)]
    public void A_round_finds_exactly_what_is_due(int count)
    {
        using var heap = new Heap(1, 2);
        var keys = new Keyspace(heap);
        var entry = new Entry();
        var random = new Random(count);
        var times = new List<long>();
        for (var i = 0; i < count; i++)
        {
            var key = BitConverter.GetBytes(i);
            var expiry = i % 3 == 0 ? random.Next(10, 1000) : -1;
            keys.Insert(key, keys.Hash(key), RecordKind.String, 5, entry, expiry);
            if (expiry >= 0) times.Add(expiry);
        }
        foreach (var nowMs in new[] { 0L, 100, 100, 101, 500, 998, 2000 })
        {
            var due = new HandleList();
            var next = long.MaxValue;
            ulong cursor = 0;
            do
            {
                due.Clear();
                cursor = keys.SweepExpired(cursor, nowMs, 2, due, ref next);
                foreach (var handle in due.Items)
                {
                    keys.Open(handle, entry);
                    Assert.True(entry.ExpireAtMs <= nowMs);
                    Assert.True(times.Remove(entry.ExpireAtMs));
                    keys.Remove(entry);
                }
            }
            while (cursor != 0);
            Assert.All(times, time => Assert.True(time > nowMs));
            Assert.Equal(times.Count, keys.CountWithExpiry);
            if (times.Count > 0) Assert.InRange(next, nowMs, times.Min());
            keys.CheckInvariants();
        }
    }
}
