using RedisLite.Data.Tables;

namespace RedisLite.Data.Values;

/// <summary>
/// Where an element of a hash, set or sorted set is: the handle of its record in the inner table, or its position in the blob. 0 = nowhere. Good until
/// the next change of the value. Lists of them are filled by Scan and Sample.
/// </summary>
internal static class ElementSample
{
    /// <summary>Distinct elements of a table, chosen at random; all of them when it has no more. The order is random too when fewer.</summary>
    public static void FromTable(ElementTable table, Random random, long count, HandleList found)
    {
        if (count >= table.Count || count * 3 > table.Count)
        {
            foreach (var element in table) found.Add(element);
            found.KeepRandom(random, count);
            return;
        }
        var seen = new HashSet<ulong>((int)count);
        while (seen.Count < count)
        {
            var element = table.Random(random);
            if (seen.Add(element)) found.Add(element);
        }
    }

    /// <summary>Shuffles just enough to keep so many of the list at random.</summary>
    public static void KeepRandom(this HandleList list, Random random, long count)
    {
        if (count >= list.Count) return;
        var items = list.Writable;
        for (var i = 0; i < count; i++)
        {
            var other = random.Next(i, items.Length);
            (items[i], items[other]) = (items[other], items[i]);
        }
        list.Truncate((int)count);
    }
}
