using System.Buffers;
using System.Runtime.CompilerServices;

namespace RedisLite.Data;

/// <summary>The order of two elements; a struct, so that the sort is compiled for it.</summary>
internal interface IOrder<T>
{
    int Compare(in T a, in T b);
}

/// <summary>
/// Sorting where elements that compare equal must end up as they do in a redis-server: SORT … BY and GEOSEARCH show them. There the whole is sorted by the C
/// library's stable merge sort; when only a part of the result is wanted (LIMIT, COUNT), by the quicksort of Bentley and McIlroy ("Engineering a sort
/// function", 1993), which goes into those partitions only that the part touches, and leaves equal elements where its swaps put them.
///
/// That quicksort is quadratic for inputs made on purpose. A budget of comparisons stops it; what is left is then merged, which is as correct and not stuck.
/// </summary>
internal static class RangeSort
{
    private const int InsertionMax = 7;

    /// <summary>Sorts so that the elements from <paramref name="first"/> to <paramref name="last"/> are in their places.</summary>
    public static void Sort<T, TOrder>(Span<T> items, TOrder order, int first, int last)
        where TOrder : struct, IOrder<T>
    {
        if (first == 0 && last == items.Length - 1)
        {
            MergeSort(items, order);
            return;
        }

        var budget = 16L * items.Length * (1 + int.Log2(items.Length | 1));
        QuickSort(items, order, first, last, ref budget);
    }

    // ---- all of it, stable ------------------------------------------------------------------------------------------

    private static void MergeSort<T, TOrder>(Span<T> items, TOrder order)
        where TOrder : struct, IOrder<T>
    {
        if (items.Length <= InsertionMax)
        {
            Insert(items, order);
            return;
        }

        var spare = ArrayPool<T>.Shared.Rent(items.Length);
        MergeSort(items, spare.AsSpan(0, items.Length), order);
        ArrayPool<T>.Shared.Return(spare, clearArray: RuntimeHelpers.IsReferenceOrContainsReferences<T>());
    }

    private static void MergeSort<T, TOrder>(Span<T> items, Span<T> spare, TOrder order)
        where TOrder : struct, IOrder<T>
    {
        if (items.Length <= InsertionMax)
        {
            Insert(items, order);
            return;
        }

        var half = items.Length / 2;
        MergeSort(items[..half], spare[..half], order);
        MergeSort(items[half..], spare[half..], order);
        if (order.Compare(items[half - 1], items[half]) <= 0) return;

        items[..half].CopyTo(spare);
        int left = 0, right = half, to = 0;
        while (left < half && right < items.Length) items[to++] = order.Compare(items[right], spare[left]) < 0 ? items[right++] : spare[left++];
        spare[left..half].CopyTo(items[to..]);
    }

    private static void Insert<T, TOrder>(Span<T> items, TOrder order)
        where TOrder : struct, IOrder<T>
    {
        for (var i = 1; i < items.Length; i++)
        {
            for (var j = i; j > 0 && order.Compare(items[j - 1], items[j]) > 0; j--) Swap(items, j - 1, j);
        }
    }

    // ---- a part of it -----------------------------------------------------------------------------------------------

    private static void QuickSort<T, TOrder>(Span<T> items, TOrder order, int first, int last, ref long budget)
        where TOrder : struct, IOrder<T>
    {
        while (items.Length >= InsertionMax)
        {
            budget -= items.Length;
            if (budget < 0)
            {
                MergeSort(items, order);
                return;
            }

            Swap(items, 0, Pivot(items, order));
            Partition(items, order, out var less, out var greater);

            // The smaller ones go first, then the greater ones, each only if the wanted part touches it.
            if (less > 1 && first < less && last >= 0) QuickSort(items[..less], order, first, last, ref budget);
            var start = items.Length - greater;
            if (greater <= 1 || first >= items.Length || last < start) return;
            items = items[start..];
            first -= start;
            last -= start;
        }

        Insert(items, order);
    }

    private static int Pivot<T, TOrder>(Span<T> items, TOrder order)
        where TOrder : struct, IOrder<T>
    {
        int middle = items.Length / 2, low = 0, high = items.Length - 1;
        if (items.Length == InsertionMax) return middle;
        if (items.Length > 40)
        {
            var eighth = items.Length / 8;
            low = Median(items, order, low, low + eighth, low + 2 * eighth);
            middle = Median(items, order, middle - eighth, middle, middle + eighth);
            high = Median(items, order, high - 2 * eighth, high - eighth, high);
        }

        return Median(items, order, low, middle, high);
    }

    private static int Median<T, TOrder>(Span<T> items, TOrder order, int a, int b, int c)
        where TOrder : struct, IOrder<T>
    {
        if (order.Compare(items[a], items[b]) < 0)
            return order.Compare(items[b], items[c]) < 0 ? b : order.Compare(items[a], items[c]) < 0 ? c : a;
        return order.Compare(items[b], items[c]) > 0 ? b : order.Compare(items[a], items[c]) < 0 ? a : c;
    }

    /// <summary>
    /// Around the first element: those equal to it gather at both ends and are swapped into the middle at last. So many are less and greater afterwards.
    /// </summary>
    private static void Partition<T, TOrder>(Span<T> items, TOrder order, out int less, out int greater)
        where TOrder : struct, IOrder<T>
    {
        int leftEqual = 1, left = 1, right = items.Length - 1, rightEqual = right;
        while (true)
        {
            int comparison;
            for (; left <= right && (comparison = order.Compare(items[left], items[0])) <= 0; left++)
            {
                if (comparison == 0) Swap(items, leftEqual++, left);
            }

            for (; left <= right && (comparison = order.Compare(items[right], items[0])) >= 0; right--)
            {
                if (comparison == 0) Swap(items, right, rightEqual--);
            }

            if (left > right) break;
            Swap(items, left++, right--);
        }

        less = left - leftEqual;
        greater = rightEqual - right;
        SwapBlocks(items, 0, left, Math.Min(leftEqual, less));
        SwapBlocks(items, left, items.Length, Math.Min(greater, items.Length - rightEqual - 1));
    }

    /// <summary>Exchanges so many elements from one place on with as many that end at another.</summary>
    private static void SwapBlocks<T>(Span<T> items, int from, int end, int count)
    {
        for (var i = 0; i < count; i++) Swap(items, from + i, end - count + i);
    }

    private static void Swap<T>(Span<T> items, int a, int b) => (items[a], items[b]) = (items[b], items[a]);
}
