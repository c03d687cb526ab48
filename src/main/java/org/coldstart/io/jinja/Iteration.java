package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.coldstart.io.jinja.Values.Generator;

/**
 * Going through a value's items as Python does: a text's characters, a dict's keys, a generator
 * once.
 */
final class Iteration {
  private Iteration() {}

  static boolean isIterable(Object value) {
    return PyText.isText(value)
        || value instanceof List
        || value instanceof Map
        || value instanceof Undefined
        || value instanceof Generator
        || value instanceof Values.View
        || value instanceof LoopContext;
  }

  /** The items; each one taken counts as a step. */
  static Iterator<Object> iterator(Runtime rt, Object value) {
    if (PyText.isText(value)) {
      return counted(rt, characters(value.toString()));
    }
    if (value instanceof List<?> list) {
      return counted(rt, list.iterator());
    }
    if (value instanceof Map<?, ?> map) {
      return counted(rt, map.keySet().iterator());
    }
    if (value instanceof Values.View view) {
      return counted(rt, view.items().iterator());
    }
    if (value instanceof Generator generator) {
      return counted(rt, generator.items());
    }
    if (value instanceof LoopContext loop) {
      return counted(rt, loop.rest());
    }
    if (value instanceof Undefined) {
      return Collections.emptyIterator();
    }
    throw new TemplateException("'" + PyText.typeName(value) + "' object is not iterable");
  }

  /** The items as a new list. */
  static List<Object> list(Runtime rt, Object value) {
    List<Object> items = new ArrayList<>();
    iterator(rt, value)
        .forEachRemaining(
            item -> {
              rt.step();
              items.add(item);
              if (items.size() > rt.limits.items()) {
                rt.checkItems(items.size());
              }
            });
    return items;
  }

  private static Iterator<Object> characters(String text) {
    return new Iterator<>() {
      private int position;

      @Override
      public boolean hasNext() {
        return position < text.length();
      }

      @Override
      public Object next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        int end = text.offsetByCodePoints(position, 1);
        String character = text.substring(position, end);
        position = end;
        return character;
      }
    };
  }

  private static Iterator<Object> counted(Runtime rt, Iterator<?> items) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return items.hasNext();
      }

      @Override
      public Object next() {
        rt.step();
        return items.next();
      }
    };
  }
}
