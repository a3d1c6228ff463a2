namespace RedisLite.Lua.Library;

// table.sort: quicksort with the median of three, comparing in the same order as Lua 5.1, so that inconsistent comparison functions
// and their errors behave alike. Recursion goes into the smaller part only.
internal static class TableSort
{
    internal static int Sort(LuaCall call)
    {
        var table = call.CheckTable(0);
        var count = table.Length;
        if (!call.IsMissingOrNil(1)) call.CheckFunction(1);
        if (count > 1 && table.ReadOnly) throw LuaErrors.Runtime(call.Thread, "Attempt to modify a readonly table");
        new Sorter(call, table, call[1]).Sort(1, count);
        return 0;
    }

    private readonly struct Sorter(LuaCall call, LuaTable table, LuaValue comparer)
    {
        private readonly LuaValue _comparer = comparer;

        private bool Less(in LuaValue a, in LuaValue b)
        {
            if (_comparer.IsNil)
            {
                if (a.IsNumber && b.IsNumber) return a.Num < b.Num;
                return Operations.Less(call.Thread, a, b);
            }
            return !call.Thread.Call(_comparer, a, b).IsFalsy;
        }

        private void Swap(int i, int j)
        {
            var value = table.GetInt(i);
            table.SetInt(i, table.GetInt(j));
            table.SetInt(j, value);
        }

        internal void Sort(int low, int high)
        {
            while (low < high)
            {
                call.Runtime.Spend(1 + ((high - low) >> 5));
                if (Less(table.GetInt(high), table.GetInt(low))) Swap(low, high);
                if (high - low == 1) return;
                var middle = (low + high) / 2;
                if (Less(table.GetInt(middle), table.GetInt(low))) Swap(middle, low);
                else if (Less(table.GetInt(high), table.GetInt(middle))) Swap(middle, high);
                if (high - low == 2) return;
                var pivot = table.GetInt(middle);
                Swap(middle, high - 1);
                var split = Partition(low, high, pivot);
                if (split - low < high - split)
                {
                    Sort(low, split - 1);
                    low = split + 1;
                }
                else
                {
                    Sort(split + 1, high);
                    high = split - 1;
                }
            }
        }

        // Elements left of the result are not greater than the pivot, those right of it not less.
        private int Partition(int low, int high, in LuaValue pivot)
        {
            var i = low;
            var j = high - 1;
            while (true)
            {
                while (Less(table.GetInt(++i), pivot))
                {
                    if (i > high) throw call.Error("invalid order function for sorting");
                }
                while (Less(pivot, table.GetInt(--j)))
                {
                    if (j < low) throw call.Error("invalid order function for sorting");
                }
                if (j < i) break;
                Swap(i, j);
            }
            Swap(high - 1, i);
            return i;
        }
    }
}
