namespace RedisLite.Engine.Databases;

/// <summary>
/// The databases of the server. A configuration may ask for two thousand millions of them and use three: a database is made when a command first runs in
/// it, and whoever walks all of them (expiry, eviction, INFO, snapshots, FLUSHALL) walks those that were made, in the order of their numbers. They stay
/// when they are empty again.
/// </summary>
internal sealed class DatabaseList(Engine engine, int length)
{
    /// <summary>Databases that are found by an array, which every request looks into. What lies beyond is found by its number.</summary>
    private const int NearMax = 1024;

    private readonly Database?[] near = new Database?[Math.Min(length, NearMax)];
    private readonly Dictionary<int, Database> far = [];
    private readonly List<Database> made = [];

    /// <summary>How many there are by the configuration.</summary>
    public int Length => length;

    /// <summary>How many were used.</summary>
    public int MadeCount => made.Count;

    public Database this[int index] => (uint)index < (uint)near.Length ? near[index] ?? Make(index) : Far(index);

    public List<Database>.Enumerator GetEnumerator() => made.GetEnumerator();

    /// <summary>The first that was made with this number or a higher one, null when there is none: for walks between which others are made.</summary>
    public Database? MadeFrom(int index)
    {
        var place = PlaceOf(index);
        return place < made.Count ? made[place] : null;
    }

    private Database Far(int index) => far.TryGetValue(index, out var database) ? database : Make(index);

    private Database Make(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)length);
        var database = new Database(engine, index);
        if (index < near.Length) near[index] = database;
        else far.Add(index, database);
        made.Insert(PlaceOf(index), database);
        return database;
    }

    /// <summary>Where in the list of those made the number stands or would stand.</summary>
    private int PlaceOf(int index)
    {
        var (low, high) = (0, made.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (made[middle].Index < index) low = middle + 1;
            else high = middle;
        }

        return low;
    }
}
