using RedisLite.Data;
using RedisLite.Protocol;

namespace RedisLite.Engine;

/// <summary>
/// What is done for all requests of a batch before the first of them runs: their commands are found, and what they will touch is brought into the
/// cache, step by step over the whole batch, so that the misses overlap instead of following one another.
///
///     keys:      bucket of each key -> record of each key
///     elements:  (of a key that holds a large table) bucket of the field or member -> its element
///
/// With 10 M keys the first pair takes a GET from 400 to about 120 ns; the second takes an HSET into one hash of 100,000 fields at pipeline 64 from 0.61
/// to 0.44 of redis-server's CPU (docs/design/transport.md). The hash of a key that was computed here is used by the command. A batch of one has nothing to overlap.
/// </summary>
internal sealed class LookAhead(Engine engine)
{
    private readonly CommandSpec?[] specs = new CommandSpec?[RequestBatch.RequestsMax];
    private readonly ulong[] hashes = new ulong[RequestBatch.RequestsMax];
    private readonly ulong[] elementHashes = new ulong[RequestBatch.RequestsMax];

    /// <summary>The command of a request; null when there is none of this name.</summary>
    public ref CommandSpec? SpecOf(int request) => ref specs[request];

    /// <summary>The hash of a request's first argument when that is a key and was hashed, else 0.</summary>
    public ulong HashOf(int request) => hashes[request];

    public void Run(RequestBatch batch, Keyspace keys)
    {
        if (batch.Count == 1)
        {
            specs[0] = engine.Commands.Find(batch.Arg(batch.Requests[0], 0));
            hashes[0] = 0;
            return;
        }

        bool hasKeys = false, hasElements = false;
        var prefetches = keys.IsBeyondCaches;
        ReadOnlySpan<byte> name = default, lastKey = default;
        CommandSpec? spec = null;
        var lastHash = 0UL;
        for (var i = 0; i < batch.Count; i++)
        {
            ref readonly var request = ref batch.Requests[i];
            if (!batch.Arg(request, 0).SequenceEqual(name)) spec = engine.Commands.Find(name = batch.Arg(request, 0));     // mostly it is the same again
            specs[i] = spec;
            hashes[i] = 0;
            if (spec is null || spec.FirstKey != 1 || request.Argc < 2) continue;
            hasKeys = true;
            hasElements |= spec.ElementArg != 0;
            var key = batch.Arg(request, 1);
            if (prefetches || lastHash == 0 || !key.SequenceEqual(lastKey)) lastHash = engine.Heap.Hash(lastKey = key);     // with few keys it is often the same again
            hashes[i] = lastHash;
        }

        if (hasKeys && prefetches) keys.Prefetch(hashes.AsSpan(0, batch.Count));
        if (hasElements) RunElements(batch, keys);
    }

    /// <summary>The commands alone: names have changed.</summary>
    public void FindCommands(RequestBatch batch)
    {
        for (var i = 0; i < batch.Count; i++) specs[i] = engine.Commands.Find(batch.Arg(batch.Requests[i], 0));
    }

    /// <summary>Requests in a row about one key are looked ahead for together.</summary>
    private void RunElements(RequestBatch batch, Keyspace keys)
    {
        for (int first = 0, next; first < batch.Count; first = next)
        {
            var hash = hashes[first];
            for (next = first + 1; next < batch.Count && hashes[next] == hash; next++)
            {
            }

            if (hash == 0 || specs[first]!.ElementArg == 0) continue;
            var table = keys.FindLargeTable(batch.Arg(batch.Requests[first], 1), hash);
            if (table == 0) continue;
            for (var i = first; i < next; i++)
            {
                ref readonly var request = ref batch.Requests[i];
                var at = specs[i]!.ElementArg;
                elementHashes[i] = at == 0 || at >= request.Argc ? 0 : engine.Heap.Hash(batch.Arg(request, at));
            }

            keys.PrefetchElements(table, elementHashes.AsSpan(first, next - first));
        }
    }
}
