/** A made-up village: short stories to pretrain a tiny model on, and questions about them. */
package org.coldstart.data.village;
